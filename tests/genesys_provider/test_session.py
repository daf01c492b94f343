import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pulumi.dynamic import Config, ConfigureRequest

from genesys_provider import session
from genesys_provider.client import Client
from genesys_provider.connection import Connection
from genesys_provider.errors import GenesysError, OwnershipError
from genesys_provider.webhook import WebhookProvider
from tests.support.provider import ORG, Emulator, Process

ME = "GET /api/v2/organizations/me"


@pytest.fixture
def configured(process: Process) -> Process:
    process.configured(WebhookProvider())
    return process


def request(**config: Any) -> ConfigureRequest:
    return ConfigureRequest(Config({f"genesys:{key}": value for key, value in config.items()}, "project"))


def test_the_first_class_configures_the_process_and_all_share_it(configured: Process, emulator: Emulator) -> None:
    client = session.client()
    session.configure(request(region="euc1"))
    assert session.client() is client
    assert session.connection().host == "loopback"


def test_before_that_there_is_nothing_to_talk_to(process: Process) -> None:
    with pytest.raises(RuntimeError, match=r"^the provider is not configured$"):
        session.client()


def test_it_ends_with_the_engine_from_then_on(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    watched: list[None] = []
    monkeypatch.setattr(session, "end_with_engine", lambda: watched.append(None))
    for _ in range(3):
        process.configured(WebhookProvider())
    assert len(watched) == 1


def test_wrong_settings_are_told_each_time(another: Callable[..., Process]) -> None:
    process = another(config={"timeoutSeconds": "soon"})
    for _ in range(2):
        with pytest.raises(GenesysError, match="genesys:timeoutSeconds is 'soon'") as told:
            process.configured(WebhookProvider())
        assert str(told.value).endswith(
            "(`refresh` and `destroy` use the config of the last `up` unless run with --run-program)"
        )


def test_four_threads_get_one_client(configured: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    class Slow(Client):
        def __init__(self, connection: Connection) -> None:
            made.append(self)
            threading.Event().wait(0.1)  # long enough for the others to come in, if they could
            super().__init__(connection)

    monkeypatch.setattr("genesys_provider.client.Client", Slow)
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda _: session.client(), range(4))) == made * 4


def test_four_threads_ask_for_the_organisation_once(configured: Process, emulator: Emulator) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: session.confirm_org(), range(4)))
    assert emulator.calls() == ["POST /oauth/token", ME]


def test_others_do_not_wait_while_one_asks(configured: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answered = threading.Event(), threading.Event()

    def get(_: str) -> dict[str, str]:
        asked.set()
        answered.wait(10)
        return {"id": ORG}

    client = session.client()
    monkeypatch.setattr(client, "get", get)
    with ThreadPoolExecutor(2) as threads:
        asking = threads.submit(session.confirm_org)
        asked.wait(10)
        assert threads.submit(session.client).result(5) is client
        assert not asking.done()
        answered.set()


def test_an_answer_that_fails_is_asked_for_again(configured: Process, emulator: Emulator) -> None:
    emulator.fault("GET", "/api/v2/organizations/me", status=500)
    with pytest.raises(GenesysError, match="GET /api/v2/organizations/me: 500"):
        session.confirm_org()
    session.confirm_org()


def test_an_answer_without_an_id_says_nothing(configured: Process, emulator: Emulator) -> None:
    emulator.fault("GET", "/api/v2/organizations/me", status=200, body={"name": "somebody"})
    session.confirm_org()


def test_another_organisation_is_refused_each_time(another: Callable[..., Process]) -> None:
    another(environ={"GENESYS_ORG_ID": "another-org"}).configured(WebhookProvider())
    for _ in range(2):
        with pytest.raises(
            OwnershipError,
            match=f"belong to organisation {ORG}, but .* is another-org: nothing was changed in Genesys Cloud; set ",
        ):
            session.confirm_org()


@pytest.fixture(autouse=True)
def _no_watch_on_pytest() -> Iterator[None]:
    yield
    assert "end-with-parent" not in {thread.name for thread in threading.enumerate()}
