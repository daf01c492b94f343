"""The whole table of errors: each really happens, and leaves the provider as one line that says what to do."""

import base64
import contextlib
import re
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from genesys_provider import session
from genesys_provider._http import http
from sandbox.launcher import free_port
from tests.support.genesys_kinds import Kind, webhook
from tests.support.provider import ENVIRON, Emulator, Process, printed, travel

PROXY_USER, PROXY_PASSWORD = "a-proxy-user", "a-proxy-password"
SECRETS = [
    ENVIRON["GENESYS_CLIENT_SECRET"],
    PROXY_PASSWORD,
    webhook().props["signingKey"],
    *webhook().props["headerOverrides"].values(),
]
MANY = 1000

AGAIN = "try again"
THE_SAME = "try the same again before anything else, as it may have been done"
FOUND = "try again: the next `up` finds what was made all the same"
CORRECT = "correct the resource's arguments"
REFUSED = "a fresh token was refused too: is the client active, and are genesys:loginUrl and apiUrl of one region?"
NEEDS = "it needs event:webhook:read, :write and event:subscription:read, :write"
SHORTER = "make description, headerOverrides or transform shorter"
JSON_SENT = "JSON was sent: is genesys:apiUrl the API's host, and does nothing in between change the Content-Type?"
FAILED = "the platform, or a gateway before it, failed: "
SLOW = " (genesys:timeoutSeconds says how long is waited)"
SETTINGS = "genesys:region (or genesys:loginUrl and genesys:apiUrl)"
UNREACHABLE = f"check {SETTINGS}, the network and the proxy (HTTPS_PROXY)"
PROXY_REFUSED = "let it allow this host, give your user and password in HTTPS_PROXY, or name the host in NO_PROXY"
NOT_TRUSTED = (
    "this machine does not trust that certificate: if a proxy in between shows one of its own, name the file of its CA"
    f" in SSL_CERT_FILE, else check {SETTINGS}"
)
TUTORIALS = (
    " has no /api/v2/events/webhooks: that API is the tutorial's, not one of Genesys Cloud, which reaches EventBridge"
    " by its integration amazon-eventbridge-source (`delivery: partner`)"
)


def assert_one_line(text: str, method: str, path: str, reason: str, advice: str) -> None:
    """What holds for every error. `reason` is a pattern of what came back."""
    correlation = r"( \[correlation id [0-9a-f-]{36}\])?"
    pattern = rf"GenesysError: {method} {re.escape(path)}: {reason}{correlation}[;:] {re.escape(advice)}\n"
    assert re.fullmatch(pattern, text), f"{text}is not\n{pattern}"
    assert text.count("\n") == 1
    assert "Traceback" not in text
    assert "exception" not in text
    token = session._client and session._client._http.auth._token  # type: ignore[union-attr]
    for secret in [*SECRETS, *([token] if token else [])]:
        assert secret not in text
        assert base64.b64encode(secret.encode()).decode() not in text


# What an API, or something that stands before it, answers

METHODS = {"create": "POST", "read": "GET", "update": "PUT", "delete": "DELETE"}


@dataclass(frozen=True)
class Answer:
    """`fault` is what happens to every such call, `advice` what is said by operation. `reason` is a pattern."""

    what: str
    fault: dict[str, Any]
    reason: str
    advice: dict[str, str]


def everywhere(advice: str) -> dict[str, str]:
    return dict.fromkeys(METHODS, advice)


def again(before: str = "", after: str = "", **others: str) -> dict[str, str]:
    changes = dict.fromkeys(("update", "delete"), f"{before}{THE_SAME}{after}")
    return {"read": f"{before}{AGAIN}{after}", "create": f"{before}{FOUND}{after}", **changes, **others}


WRONG_FIELD = {
    "code": "invalid.value",
    "message": "Not a URL.",
    "status": 400,
    "details": [{"errorCode": "invalid.value", "fieldName": "destinationUrl"}],
}
HTML = {"text": "<html><h1>Please log in</h1></html>", "headers": {"Content-Type": "text/html; charset=utf-8"}}
CUT_JSON = {"text": '{"id": "8f', "headers": {"Content-Type": "application/json"}}
NO_ANSWER = r"no answer from 127\.0\.0\.1:\d+: "

ANSWERS = [
    Answer(
        "400",
        {"status": 400, "body": WRONG_FIELD},
        r"400 invalid\.value: Not a URL \(destinationUrl: invalid\.value\)",
        {"create": CORRECT, "update": CORRECT},
    ),
    Answer("401", {"status": 401}, r"401 bad\.credentials: Invalid login credentials", everywhere(REFUSED)),
    Answer(
        "403 of a firewall",
        {"status": 403, **HTML},
        "403: Forbidden",
        {
            "create": f"the client lacks event:webhook:write; {NEEDS}; or a firewall in between refused it",
            "read": f"the client lacks event:webhook:read; {NEEDS}; or a firewall in between refused it",
        },
    ),
    Answer(
        "405",
        {"status": 405},
        r"405 method\.not\.allowed: HTTP 405 Method Not Allowed",
        {"create": "is genesys:apiUrl the API's host?"},
    ),
    Answer(
        "409",
        {"status": 409},
        r"409 conflict: The request conflicts with the current state of the target resource",
        {
            "create": "another one has that name: choose another `name`",
            "update": "another one has that name: choose another `name`",
            "delete": "something uses it: see what, try again",
        },
    ),
    Answer(
        "413",
        {"status": 413},
        r"413 payload\.too\.large: The request is over the size limit\. Maximum bytes: 0",
        {"create": SHORTER, "update": SHORTER},
    ),
    Answer(
        "415",
        {"status": 415},
        r"415 unsupported\.media\.type: Unsupported Media Type - [^;]+",
        {"create": JSON_SENT, "update": JSON_SENT},
    ),
    Answer(
        "429 for good",
        {"status": 429, "headers": {"Retry-After": "20"}},
        r"429 too\.many\.requests: Rate limit exceeded the maximum\. Retry the request in \[20\] seconds",
        everywhere("the rate limit is reached, and the server asks for 20 s without requests: wait that long"),
    ),
    Answer("408", {"status": 408}, r"408 request\.timeout: The client did not produce [^;]+", again()),
    Answer("500", {"status": 500}, r"500 internal\.server\.error: The server encountered [^;]+", again(FAILED)),
    Answer("502", {"status": 502}, r"502 bad\.gateway: Bad Gateway", again(FAILED)),
    Answer("503", {"status": 503}, r"503 service\.unavailable: Service Unavailable - [^;]+", again(FAILED)),
    Answer("504", {"status": 504}, r"504 request\.timeout: The request timed out", again(FAILED)),
    Answer("502 in HTML", {"status": 502, **HTML}, "502: Bad Gateway", again(FAILED)),
    Answer(
        "HTML instead of JSON",
        {"status": 200, **HTML},
        r"200, but the answer \(text/html\) is no JSON object",
        everywhere("is genesys:apiUrl the API's host?"),
    ),
    Answer(
        "cut-off JSON",
        {"status": 200, **CUT_JSON},
        r"200, but the answer \(application/json\) is no JSON object; it was cut off",
        again(),
    ),
    Answer(
        "JSON cut off on the wire",
        {"cutAfter": 12},
        NO_ANSWER + r"peer closed connection without sending complete message body \(received 12 bytes, [^;]+",
        {"read": AGAIN, "update": THE_SAME},
    ),
    Answer("a dropped connection", {"drop": True}, f"{NO_ANSWER}[^;]+", again()),
    Answer("a time-out", {"status": 504, "delayMs": 400}, f"{NO_ANSWER}timed out", again(after=SLOW)),
    Answer(
        "a redirect",
        {"status": 302, "headers": {"Location": "https://elsewhere.example.com/"}},
        r"302( \w+)?: (Found|The request failed)",
        everywhere("redirects are not followed: is genesys:apiUrl the API's host?"),
    ),
]


@pytest.mark.parametrize(
    ("answer", "operation"),
    [
        pytest.param(answer, operation, id=f"{answer.what}-{operation}")
        for answer in ANSWERS
        for operation in answer.advice
    ],
)
def test_what_is_answered(
    answer: Answer,
    operation: str,
    emulator: Emulator,
    another: Callable[..., Process],
) -> None:
    call, path = begun(operation, webhook(), another, config={"maxAttempts": 3})
    if "delayMs" in answer.fault:
        hurry(METHODS[operation], path)
    emulator.fault(METHODS[operation], path, times=MANY, **answer.fault)
    assert_one_line(printed(call), METHODS[operation], path, answer.reason, answer.advice[operation])


def hurry(method: str, path: str) -> None:
    """Wait for no answer of this call for long. On a busy machine, others before and after it take longer than that."""

    def limit(request: http.Request) -> None:
        if (request.method, request.url.path) == (method, path):
            request.extensions = {**request.extensions, "timeout": {**request.extensions["timeout"], "read": 0.2}}

    session.client()._http.event_hooks["request"].append(limit)


@pytest.mark.parametrize("operation", METHODS)
def test_a_missing_scope(operation: str, emulator: Emulator, another: Callable[..., Process]) -> None:
    call, path = begun(operation, webhook(), another)
    scope = f"event:webhook:{'read' if operation == 'read' else 'write'}"
    emulator.door("POST", "scopes", {"remove": [scope]})
    reason = r"403 missing\.any\.permissions: Unable to perform the requested action\. [^;]+"
    assert_one_line(printed(call), METHODS[operation], path, reason, f"the client lacks {scope}; {NEEDS}")


def test_what_was_deleted_by_hand(emulator: Emulator, another: Callable[..., Process]) -> None:
    call, path = begun("update", webhook(), another)
    emulator.calls()
    emulator.by_hand("DELETE", path)
    advice = "somebody deleted this webhook: `make refresh`, then `up` again"
    assert_one_line(printed(call), "GET", path, r"404 not\.found: The requested resource was not found", advice)


def begun(
    operation: str, kind: Kind, another: Callable[..., Process], **settings: object
) -> tuple[Callable[[], object], str]:
    """The provider's method of that name, ready to be called in a process of its own, and the path that it asks for."""
    if operation == "create":
        process = another(**settings)
        process.configured(kind.provider)
        return lambda: process.up(kind.provider, kind.props), kind.path
    state = another().up(kind.provider, kind.props)
    process = another(**settings)
    process.configured(kind.provider)
    calls: dict[str, Callable[[], object]] = {
        "read": lambda: process.refresh(kind.provider, state),
        "update": lambda: process.configured(kind.provider).update(
            state.id, travel(state.outputs), travel({**state.inputs, "enabled": False})
        ),
        "delete": lambda: process.destroy(kind.provider, state),
    }
    return calls[operation], kind.at(state.id)


# The way there: names, certificates, proxies. The token is asked for first, so that every operation ends alike.


@dataclass
class Way:
    """Addresses on this machine, and a proxy that is told how to answer."""

    certificate: Path
    closed_port: int
    plain_port: int
    tls_port: int
    proxy_port: int
    proxy_says: bytes = b"200 Connection established"
    asked: list[bytes] = field(default_factory=list)
    """What the proxy was sent, without bodies."""

    def proxy(self, port: int | None = None) -> str:
        return f"http://{PROXY_USER}:{PROXY_PASSWORD}@127.0.0.1:{port or self.proxy_port}"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Self-signed, for Genesys Cloud's hosts in Frankfurt; its key is in the file too."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    names = "subjectAltName=DNS:login.mypurecloud.de,DNS:api.mypurecloud.de,IP:127.0.0.1"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    made += ["-keyout", "-", "-out", "-", "-days", "2", "-subj", "/CN=test", "-addext", names]
    file.write_bytes(subprocess.run(made, check=True, capture_output=True).stdout)
    return file


@pytest.fixture
def way(certificate: Path, strict: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    """Behind the proxy and the certificate is a host with nothing but what Genesys Cloud has."""
    for name in ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("no_proxy", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    origin = int(strict.served.url.rsplit(":", 1)[1])

    def tls(connection: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            context.wrap_socket(connection, server_side=True) as inside,
            socket.create_connection(("127.0.0.1", origin)) as behind,
        ):
            back = threading.Thread(target=pump, args=(behind, inside))
            back.start()
            pump(inside, behind)
            back.join()

    def proxy(connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        it.asked.append(head)
        connection.sendall(b"HTTP/1.1 " + it.proxy_says + b"\r\nContent-Length: 0\r\n\r\n")
        if it.proxy_says.startswith(b"200"):
            tls(connection)

    with listening(tls) as tls_port, listening(proxy) as proxy_port:
        it = Way(certificate, free_port(), origin, tls_port, proxy_port)
        yield it


@contextlib.contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server on a free port that serves each connection in a thread of its own."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            serve(self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def pump(source: socket.socket, target: socket.socket) -> None:
    """Hand on what comes, and its end."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True)
class Obstacle:
    """`config` and `environ` lead to it; `reason` is a pattern of what came back."""

    what: str
    config: Callable[[Way], dict[str, object]]
    environ: Callable[[Way], dict[str, str]]
    reason: str
    advice: str
    proxy_says: bytes = b""
    tries: int = 1
    """How often a proxy that is in the way is asked."""


def region(_: Way) -> dict[str, object]:
    return {"loginUrl": None, "apiUrl": None, "region": "eu-central-1"}


def at(url: str) -> Callable[[Way], dict[str, object]]:
    """`url` may have {closed_port}, {plain_port} and {tls_port} in it."""

    def config(way: Way) -> dict[str, object]:
        address = url.format(closed_port=way.closed_port, tls_port=way.tls_port, plain_port=way.plain_port)
        return {"loginUrl": address, "apiUrl": address}

    return config


def without_proxy(_: Way) -> dict[str, str]:
    return {}


def by_proxy(way: Way) -> dict[str, str]:
    return {"HTTPS_PROXY": way.proxy()}


FRANKFURT = r"no answer from login\.mypurecloud\.de: "
UNTRUSTED = r"\[SSL: CERTIFICATE_VERIFY_FAILED\] certificate verify failed: self.signed certificate \([^;]+\)"

OBSTACLES = [
    Obstacle(
        "connection refused",
        at("http://127.0.0.1:{closed_port}"),
        without_proxy,
        NO_ANSWER + r"\[Errno \d+\] Connection refused",
        "is the sandbox running? (`make sandbox`)",
    ),
    Obstacle(
        "unknown host",
        at("https://genesys.invalid"),
        without_proxy,
        r"no answer from genesys\.invalid: \[Errno -?\d+\] [^;]+",
        UNREACHABLE,
    ),
    Obstacle("certificate", at("https://127.0.0.1:{tls_port}"), without_proxy, NO_ANSWER + UNTRUSTED, NOT_TRUSTED),
    Obstacle("certificate of a proxy", region, by_proxy, FRANKFURT + UNTRUSTED, NOT_TRUSTED),
    Obstacle(
        "no TLS",
        at("https://127.0.0.1:{plain_port}"),
        without_proxy,
        NO_ANSWER + r"\[SSL: \w+\] [^;]+; no TLS is spoken there",
        UNREACHABLE,
    ),
    Obstacle(
        "proxy that refuses",
        region,
        by_proxy,
        f"{FRANKFURT}403 Forbidden by the proxy",
        PROXY_REFUSED,
        b"403 Forbidden",
    ),
    Obstacle(
        "proxy that wants another password",
        region,
        by_proxy,
        f"{FRANKFURT}407 Proxy Authentication Required by the proxy",
        PROXY_REFUSED,
        b"407 Proxy Authentication Required",
    ),
    Obstacle(
        "proxy that does not get through",
        region,
        by_proxy,
        f"{FRANKFURT}503 Service Unavailable by the proxy, which does not reach it",
        UNREACHABLE,
        b"503 Service Unavailable",
        tries=8,
    ),
    Obstacle(
        "proxy that does not listen",
        region,
        lambda way: {"HTTPS_PROXY": way.proxy(way.closed_port)},
        FRANKFURT + r"\[Errno \d+\] Connection refused",
        UNREACHABLE,
    ),
]


@pytest.mark.parametrize("obstacle", OBSTACLES, ids=lambda obstacle: obstacle.what)
def test_what_stands_in_the_way(obstacle: Obstacle, way: Way, another: Callable[..., Process]) -> None:
    way.proxy_says = obstacle.proxy_says or way.proxy_says
    process = another(config=obstacle.config(way), environ=obstacle.environ(way))
    text = printed(lambda: process.up(webhook().provider, webhook().props))
    assert_one_line(text, "POST", "/oauth/token", obstacle.reason, obstacle.advice)
    assert PROXY_USER not in text
    if obstacle.proxy_says:
        assert len(way.asked) == obstacle.tries


def test_a_wrong_client_secret(another: Callable[..., Process]) -> None:
    process = another(environ={"GENESYS_CLIENT_SECRET": "another-secret"})
    text = printed(lambda: process.up(webhook().provider, webhook().props))
    advice = (
        "a wrong client id or secret, a deactivated client, or one of another region (Genesys answers all alike): check"
        " GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET and genesys:region (`refresh` and `destroy` use the config of the"
        " last `up` unless run with --run-program)"
    )
    assert_one_line(text, "POST", "/oauth/token", "400 invalid_client: authentication failed", advice)
    assert "another-secret" not in text


@pytest.mark.parametrize(
    ("status", "reason", "advice"),
    [
        (404, r"404 not\.found: The requested resource was not found", "is genesys:loginUrl the login host?"),
        (408, r"408 request\.timeout: The client did not produce [^;]+", AGAIN),
        (503, r"503 service\.unavailable: Service Unavailable - [^;]+", f"{FAILED}{AGAIN}"),
    ],
)
def test_no_token(status: int, reason: str, advice: str, emulator: Emulator, another: Callable[..., Process]) -> None:
    emulator.fault("POST", "/oauth/token", status=status, times=MANY)
    process = another(config={"maxAttempts": 3})
    text = printed(lambda: process.up(webhook().provider, webhook().props))
    assert_one_line(text, "POST", "/oauth/token", reason, advice)


def test_the_tutorials_api_is_not_at_a_real_host(way: Way, another: Callable[..., Process]) -> None:
    """Through a proxy, by a certificate that the environment names: so what the other errors advise helps."""
    process = another(config=region(way), environ={**by_proxy(way), "SSL_CERT_FILE": str(way.certificate)})
    text = printed(lambda: process.up(webhook().provider, webhook().props))
    reason, advice = r"404 not\.found: The requested resource was not found", f"api.mypurecloud.de{TUTORIALS}"
    assert_one_line(text, "GET", webhook().path, reason, advice)
    basic = base64.b64encode(f"{PROXY_USER}:{PROXY_PASSWORD}".encode())
    assert [b"Proxy-Authorization: Basic " + basic in head for head in way.asked] == [True, True]
    assert [head.split()[1] for head in way.asked] == [b"login.mypurecloud.de:443", b"api.mypurecloud.de:443"]


def test_a_certificate_of_ones_own_counts_on_this_machine_too(way: Way, another: Callable[..., Process]) -> None:
    environ = {"SSL_CERT_FILE": str(way.certificate), "HTTPS_PROXY": way.proxy(way.closed_port)}
    process = another(config=at("https://127.0.0.1:{tls_port}")(way), environ=environ)
    assert "`delivery: partner`" in printed(lambda: process.up(webhook().provider, webhook().props))


def test_what_goes_to_this_machine_in_plain_text_is_told_to_no_proxy(way: Way, another: Callable[..., Process]) -> None:
    environ = {"SSL_CERT_FILE": str(way.certificate), "HTTPS_PROXY": way.proxy(), "HTTP_PROXY": way.proxy()}
    config = {"loginUrl": f"http://127.0.0.1:{way.plain_port}", "apiUrl": "https://api.mypurecloud.de"}
    process = another(config=config, environ=environ)
    assert "`delivery: partner`" in printed(lambda: process.up(webhook().provider, webhook().props))
    assert {head.split(b" HTTP")[0] for head in way.asked} == {b"CONNECT api.mypurecloud.de:443"}


NO_PROXY_URL = (
    "GenesysError: HTTPS_PROXY (or HTTP_PROXY, ALL_PROXY) is no URL of a proxy, or NO_PROXY has an IPv6 network or an"
    " address in brackets; write http://proxy.example.com:3128, what is special in a user's name or password as %2F,"
    " and in NO_PROXY names and bare addresses\n"
)


@pytest.mark.parametrize(
    "url",
    [
        f"ftp://{PROXY_USER}:{PROXY_PASSWORD}@proxy.example.com",
        f"socks5://{PROXY_USER}:{PROXY_PASSWORD}@proxy.example.com",
        f"http://{PROXY_USER}:{PROXY_PASSWORD}/with-a-slash@proxy.example.com",
    ],
    ids=["scheme", "socks", "slash in the password"],
)
def test_what_is_no_proxy(url: str, way: Way, another: Callable[..., Process]) -> None:
    process = another(config=region(way), environ={"HTTPS_PROXY": url})
    assert printed(lambda: process.up(webhook().provider, webhook().props)) == NO_PROXY_URL


@pytest.mark.parametrize("hosts", ["localhost,[::1]", "10.0.0.0/8,fd00::/8"])
def test_what_no_list_of_hosts_may_have(hosts: str, way: Way, another: Callable[..., Process]) -> None:
    process = another(config=region(way), environ={"HTTPS_PROXY": way.proxy(), "NO_PROXY": hosts})
    assert printed(lambda: process.up(webhook().provider, webhook().props)) == NO_PROXY_URL


def test_what_is_no_file_of_certificates(way: Way, another: Callable[..., Process], tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for file in (tmp_path / "missing", tmp_path / "empty"):
        process = another(config=region(way), environ={"SSL_CERT_FILE": str(file)})
        text = printed(lambda: process.up(webhook().provider, webhook().props))  # noqa: B023 (called at once)
        assert text == "GenesysError: SSL_CERT_FILE (or SSL_CERT_DIR) names no file of certificates in PEM\n"
