"""Secrets Manager, EventBridge and SQS as a server on a free port, for the ingress with its real clients."""

import hashlib
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.ingress import HEARTBEAT, HEARTBEAT_KEY, KEY, QUEUE_ARN, SIGNING

ROTATED = 1800  # seconds since both keys were


class Aws(ThreadingHTTPServer):
    """All three on one port; `faults` says what an operation does instead of answering."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Operation)
        self.faults: dict[str, str] = {}
        self.calls: list[str] = []
        self.parked: list[str] = []
        self.connections: set[object] = set()
        self.over = threading.Event()

    def __enter__(self) -> "Aws":
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.shutdown()
        self._thread.join()
        self.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        """A client that goes away is what is tested here."""


class Operation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Aws

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        self.server.calls.append(operation)
        self.server.connections.add(self.client_address)
        fault = self.server.faults.get(operation)
        if fault == "hang":
            self.server.over.wait()
        elif fault == "drip":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            while not self.server.over.wait(0.2):
                self.wfile.write(b" ")
                self.wfile.flush()
        elif fault == "break":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif fault == "fail":
            self.answer(500, {"__type": "InternalFailure"})
        elif operation == "PutEvents":
            self.answer(200, {"Entries": [{"EventId": "1"} for _ in request["Entries"]], "FailedEntryCount": 0})
        elif operation == "SendMessage":
            self.server.parked.append(request["MessageBody"])
            digest = hashlib.md5(request["MessageBody"].encode(), usedforsecurity=False).hexdigest()
            self.answer(200, {"MessageId": "1", "MD5OfMessageBody": digest})
        else:
            key = {SIGNING: KEY, HEARTBEAT: HEARTBEAT_KEY}[request["SecretId"]]
            stage = {"AWSCURRENT": key, "AWSPREVIOUS": f"previous {key}"}[request["VersionStage"]]
            self.answer(200, {"SecretString": stage, "CreatedDate": time.time() - ROTATED})

    def answer(self, status: int, body: object) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        pass


def environment(server: Aws) -> dict[str, str]:
    """The function's, and what a process needs to find the server and nothing else."""
    return {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
        "EVENT_BUS_NAME": "bus",
        "PARKING_QUEUE_URL": f"{server.url}/parking",
        "PARKING_QUEUE_ARN": QUEUE_ARN,
        "EVENT_SOURCE": "s",
        "SIGNING_SECRET_ARN": SIGNING,
        "HEARTBEAT_SECRET_ARN": HEARTBEAT,
        "KEY_OVERLAP_MINUTES": "60",
        "MAX_AGE_MINUTES": "60",
        "TOPICS": "[]",
        "METRICS_NAMESPACE": "GenesysEventBridge",
        "STACK": "test",
    }
