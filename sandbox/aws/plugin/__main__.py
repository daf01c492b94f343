"""`python -m sandbox.aws.plugin [engine]`: serve the engine that started this process, at the port that is printed."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from genesys_provider.lifetime import end_with_engine

from .servicer import Servicer

MESSAGE_BYTES = 400 * 1024 * 1024
"""The engine's own limit."""


def main() -> None:
    end_with_engine()
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))  # the engine's way to say that it is over: a group of its own
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]  # the user's own profile and keys say nothing about the sandbox
    os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    server, port = serve()
    print(port, flush=True)
    server.wait_for_termination()


def serve() -> tuple[grpc.Server, int]:
    """A provider of its own, and the port at which it listens."""
    limits = [("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", MESSAGE_BYTES)]
    server = grpc.server(ThreadPoolExecutor(max_workers=32), options=limits)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


if __name__ == "__main__":
    main()
