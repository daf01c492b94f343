"""Waiting for the partner's event source, against the AWS emulator: what is found, told, refused and activated."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from botocore.exceptions import ClientError, HTTPClientError
from pulumi.dynamic import Config, ConfigureRequest

from eventbridge import partner_source
from eventbridge.partner_errors import PartnerSourceError, boundary
from eventbridge.partner_source import Aws, PartnerSourceProvider, Props
from tests.support.aws_sandbox import ACCOUNT, emptied_fixture, server_fixture
from tests.support.aws_sandbox import Aws as Sandbox
from tests.support.provider import CLASS, UNKNOWN, Waits, printed, travel

aws_server = server_fixture()
aws = emptied_fixture()

NAME, OTHER = "aws.partner/genesys.com/cloud/3f1a/pulumi", "aws.partner/genesys.com/cloud/3f1a/other"
REGION = "us-east-1"
ARN = f"arn:aws:events:{REGION}::event-source/{NAME}"
INPUTS = {
    "name": NAME,
    "region": REGION,
    "account": ACCOUNT,
    "offered_by": "an-id",
    "active": True,
    "__provider": CLASS,
}
STATE = {**INPUTS, "arn": ARN}


class Clock(Waits):
    """Lets something happen after so many waits."""

    def __init__(self) -> None:
        super().__init__()
        self.then: dict[int, Callable[[], object]] = {}

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.then.pop(len(self), lambda: None)()


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(partner_source, "time", clock)
    return clock


@pytest.fixture(autouse=True)
def _process(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a provider process has of its own, and the environment's credentials."""
    monkeypatch.setattr(sys, "tracebacklimit", 1000, raising=False)
    monkeypatch.setattr(Aws, "config", {})
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EVENTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


def configured(url: str, **config: object) -> PartnerSourceProvider:
    provider = PartnerSourceProvider()
    endpoints = json.dumps([{"sqs": "http://127.0.0.1:9"}, {"events": url, "sts": url}])
    keys = {f"aws:{key}": value for key, value in {"endpoints": endpoints, **config}.items()}
    provider.configure(ConfigureRequest(Config(keys, "project")))
    return provider


@pytest.fixture
def provider(aws: Sandbox) -> PartnerSourceProvider:
    return configured(aws.url)


@pytest.fixture
def events(aws: Sandbox) -> Any:
    return aws.client("events")


def offer(events: Any, name: str = NAME, account: str = ACCOUNT) -> None:
    events.create_partner_event_source(Name=name, Account=account)


def make_bus(events: Any) -> None:
    events.create_event_bus(Name=NAME, EventSourceName=NAME)


def take_back(events: Any) -> None:
    events.delete_partner_event_source(Name=NAME, Account=ACCOUNT)


def state(events: Any) -> str:
    return str(events.describe_event_source(Name=NAME)["State"])


def create(provider: PartnerSourceProvider) -> Props:
    """The state that an `up` leaves."""
    created = provider.create(travel(INPUTS))
    assert created.id == NAME
    return travel(created.outs or {})


def error(call: Callable[[], object]) -> str:
    """The one line that the engine gets of an error."""
    text = printed(call)
    assert text.startswith("PartnerSourceError: "), text
    assert text.count("\n") == 1, text
    return text.removeprefix("PartnerSourceError: ").strip()


# Waiting.


def test_one_that_is_there_is_taken_at_once(provider: PartnerSourceProvider, events: Any, clock: Clock) -> None:
    offer(events)
    assert create(provider) == STATE
    assert clock == []
    make_bus(events)
    assert create(provider) == STATE


def test_one_that_comes_later_is_waited_for_and_that_is_told(
    provider: PartnerSourceProvider, events: Any, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    clock.then[25] = lambda: offer(events)
    assert create(provider) == STATE
    assert len(clock) == 25
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert all(f"{NAME}: not there yet in {REGION}, waiting (" in line for line in told)


def test_one_that_never_comes_is_an_error_that_says_where_to_look(
    provider: PartnerSourceProvider, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partner_source, "LIMIT_SECONDS", 5.0)
    said = error(lambda: create(provider))
    assert said.startswith(f"{NAME} did not appear in {REGION} within 5 s: is the integration ACTIVE")
    assert 5 <= sum(clock) <= 7


def test_one_that_the_partner_took_back_is_waited_for_as_it_may_be_offered_anew(
    provider: PartnerSourceProvider, events: Any, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    offer(events)
    make_bus(events)
    take_back(events)
    clock.then[25] = lambda: offer(events)
    assert create(provider) == STATE
    assert len(clock) == 25
    assert state(events) == "ACTIVE"
    *told, last = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert all(f"{NAME}: DELETED, and not offered anew yet in {REGION}, waiting (" in line for line in told)
    assert f"{NAME} is PENDING and has its bus: activating it" in last


def test_one_that_is_not_offered_anew_is_an_error_that_says_so(
    provider: PartnerSourceProvider, events: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partner_source, "LIMIT_SECONDS", 5.0)
    offer(events)
    make_bus(events)
    take_back(events)
    said = error(lambda: create(provider))
    assert said.startswith(f"{NAME} is DELETED, and was not offered anew in {REGION} within 5 s: Genesys Cloud took it")
    assert 5 <= sum(clock) <= 7


FAILED = "ERROR since 2026-01-02T00:00:00.000Z: AWS is tired"


@pytest.mark.parametrize("offered_before", [False, True])
def test_after_an_error_of_its_integration_it_is_not_waited_for_for_long(
    offered_before: bool, provider: PartnerSourceProvider, events: Any, clock: Clock
) -> None:
    if offered_before:
        offer(events)
        make_bus(events)
        take_back(events)
    what = "is DELETED, and was not offered anew" if offered_before else "did not appear"
    assert error(lambda: provider.create(travel({**INPUTS, "told": FAILED}))) == (
        f"{NAME} {what} in {REGION} within 20 s, and its integration is in state {FAILED}; correct that,"
        " `make refresh` and `up` again; where it stays so, delete the integration by hand (Admin, Integrations) before"
        " these"
    )
    assert 20 <= sum(clock) <= 22


def test_but_one_that_comes_all_the_same_is_taken_and_what_was_told_is_no_difference(
    provider: PartnerSourceProvider, events: Any, clock: Clock
) -> None:
    clock.then[15] = lambda: offer(events)
    made = travel(provider.create(travel({**INPUTS, "told": FAILED})).outs or {})
    assert made == {**STATE, "told": FAILED}
    for told in ("", UNKNOWN):
        assert not provider.diff(NAME, made, travel({**INPUTS, "told": told}, True)).changes
    assert refreshed(provider) is not None


def test_while_its_integration_is_under_way_it_is(
    provider: PartnerSourceProvider, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partner_source, "LIMIT_SECONDS", 50.0)
    activating = "ACTIVATING since 2026-01-02T00:00:00.000Z"
    assert "within 50 s: is the" in error(lambda: provider.create(travel({**INPUTS, "told": activating})))


class Expired:
    """AWS, with a source that is PENDING after its time. The emulator's is gone by then."""

    def describe_event_source(self, Name: str) -> Props:
        return {"Name": Name, "Arn": ARN, "State": "PENDING", "ExpirationTime": datetime(2026, 1, 2, tzinfo=UTC)}


def test_one_that_has_expired_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = configured("http://127.0.0.1:9")
    monkeypatch.setattr(Aws, "connect", lambda region: (ACCOUNT, Expired()))
    assert "is PENDING and expired on 2026-01-02" in error(lambda: create(provider))


# AWS.


@pytest.mark.parametrize("call", ["create", "read"])
def test_a_refusal_of_aws_is_one_line(provider: PartnerSourceProvider, aws: Sandbox, call: str) -> None:
    aws.fault("events:DescribeEventSource", kind="error", times=1, code="AccessDeniedException", status=400)
    says = error(lambda: create(provider) if call == "create" else provider.read(NAME, travel(STATE)))
    assert says.startswith(f"{NAME}: ")
    assert "AccessDeniedException" in says
    assert "DescribeEventSource" in says


def test_no_answer_of_aws_is_one_line() -> None:
    assert "Could not connect" in error(lambda: create(configured("http://127.0.0.1:9")))


METHODS = ["create", "read", "update"]


def called(provider: PartnerSourceProvider, method: str) -> object:
    """The method, with the properties that it gets."""
    if method == "create":
        return provider.create(travel(INPUTS))
    if method == "read":
        return provider.read(NAME, travel(STATE))
    return provider.update(NAME, travel(STATE), travel(INPUTS))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("status", [200, 403])
def test_a_page_of_a_proxy_is_one_line(method: str, status: int) -> None:
    with page(status) as url:
        says = error(lambda: called(configured(url), method))
    assert says.startswith(f"{NAME}: what came back is no answer of AWS, but a page of a proxy, say: look at HTTPS_")


@contextmanager
def page(status: int) -> Iterator[str]:
    """A proxy that answers everything itself."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = b"<html>\n<body>Not allowed<br>\n</body>"
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


SECRET = "canary-of-the-token"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"])
def test_a_line_break_in_the_environment_shows_no_secret(
    aws: Sandbox, monkeypatch: pytest.MonkeyPatch, method: str, name: str
) -> None:
    monkeypatch.setenv(name, f"{SECRET}\n{SECRET}")
    says = error(lambda: called(configured(aws.url), method))
    assert says == f"{NAME}: {name} has a line break or another control character inside: write it anew"


@pytest.mark.parametrize(
    "wrong",
    [
        HTTPClientError(error=ValueError(f"Invalid header value b'{SECRET}\\n'")),
        ValueError(f"Invalid header value b'{SECRET}\\n'"),
        TypeError(f"two\nlines {SECRET}"),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_an_error_that_may_quote_a_header_is_not_quoted(
    monkeypatch: pytest.MonkeyPatch, wrong: Exception, method: str
) -> None:
    def fail(region: str) -> None:
        raise wrong

    provider = configured("http://127.0.0.1:9")
    monkeypatch.setattr(Aws, "connect", fail)
    says = error(lambda: called(provider, method))
    assert SECRET not in says
    assert says.startswith(f"{NAME}: ")
    assert "look at the" in says


def test_a_secret_that_aws_sends_back_is_not_told(provider: PartnerSourceProvider, aws: Sandbox) -> None:
    """As STS does for a signature that does not match: it quotes the headers that it signed."""
    configured(aws.url, accessKey="k", secretKey="the-secret-key", token=SECRET)
    text = f"The canonical string should have been x-amz-security-token:{SECRET}"
    answer: Any = {"Error": {"Code": "SignatureDoesNotMatch", "Message": text}}
    Aws.connect(REGION)
    with pytest.raises(PartnerSourceError) as caught:
        boundary(refuse_with)(ClientError(answer, "GetCallerIdentity"), travel(INPUTS))
    assert str(caught.value).startswith(f"{NAME}: ")
    assert "x-amz-security-token:[secret]" in str(caught.value)


def refuse_with(error: Exception, _props: Props) -> None:
    raise error


@pytest.mark.parametrize("call", ["create", "read"])
def test_another_account_than_the_aws_providers_is_refused(
    aws: Sandbox, events: Any, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Or the source would be waited for in vain, and taken for gone at each refresh."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "111111111111")
    offer(events)
    provider = configured(aws.url)
    says = error(lambda: create(provider) if call == "create" else provider.read(NAME, travel(STATE)))
    assert says.startswith(f"{NAME}: the AWS provider works in account {ACCOUNT}, and the credentials that boto3 finds")
    assert "are of 111111111111: name those to use in the stack's config" in says


def test_a_state_of_before_without_the_account_is_as_good(provider: PartnerSourceProvider, events: Any) -> None:
    offer(events)
    before = {key: value for key, value in STATE.items() if key != "account"}
    result = provider.read(NAME, travel(before))
    assert (travel(result.outs or {}), "account" in (result.inputs or {})) == (before, False)
    assert not provider.diff(NAME, travel(before), travel(INPUTS)).changes


def test_config_that_can_not_be_honoured_is_refused_before_anything_is_done(clock: Clock) -> None:
    provider = configured("http://127.0.0.1:9", noProxy="10.0.0.0/8")
    says = error(lambda: provider.check({}, travel(INPUTS)))
    assert says == "aws:noProxy is not honoured by PartnerSource: set NO_PROXY in the environment instead"
    assert error(lambda: create(provider)) == f"{NAME}: {says}"


def test_a_state_of_before_without_the_integration_gets_it_by_an_update(
    provider: PartnerSourceProvider, events: Any
) -> None:
    """Else a replacement would not be seen: the engine keeps outputs as they are as long as nothing changes."""
    offer(events)
    before = travel({key: value for key, value in STATE.items() if key != "offered_by"})
    diff = provider.diff(NAME, before, travel(INPUTS))
    assert (diff.changes, diff.replaces) == (True, [])
    assert travel(provider.update(NAME, before, travel(INPUTS)).outs or {}) == STATE


# Refresh.


def refreshed(provider: PartnerSourceProvider) -> Props | None:
    """The state after a refresh; None when it is gone."""
    result = provider.read(NAME, travel(STATE))
    if not result.id:
        return None
    assert (result.id, travel(result.inputs or {})) == (NAME, {key: (result.outs or {})[key] for key in INPUTS})
    return travel(result.outs or {})


def test_a_refresh_changes_nothing_whether_it_has_its_bus_or_not(provider: PartnerSourceProvider, events: Any) -> None:
    offer(events)
    assert refreshed(provider) == STATE
    make_bus(events)
    assert refreshed(provider) == STATE


def test_one_that_is_gone_is_gone(provider: PartnerSourceProvider) -> None:
    assert refreshed(provider) is None


def test_one_that_was_deactivated_by_hand_is_activated_by_the_next_up(
    provider: PartnerSourceProvider, events: Any
) -> None:
    offer(events)
    make_bus(events)
    events.deactivate_event_source(Name=NAME)
    drifted = refreshed(provider)
    assert drifted == {**STATE, "active": False}
    diff = provider.diff(NAME, drifted, travel(INPUTS))
    assert (diff.changes, diff.replaces) == (True, [])
    assert travel(provider.update(NAME, drifted, travel(INPUTS)).outs or {}) == STATE
    assert state(events) == "ACTIVE"


def test_one_that_the_partner_took_back_is_told_and_activated_once_it_is_offered_anew(
    provider: PartnerSourceProvider, events: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """As AWS has it: a bus of before does not come back to life by itself."""
    offer(events)
    make_bus(events)
    take_back(events)
    drifted = refreshed(provider)
    assert drifted == {**STATE, "active": False}
    assert f"warning: {NAME} is DELETED" in capsys.readouterr().err
    offer(events)
    assert state(events) == "PENDING"
    provider.update(NAME, drifted, travel(INPUTS))
    assert state(events) == "ACTIVE"
    take_back(events)
    offer(events)
    create(provider)
    assert state(events) == "ACTIVE"


# What is changed in the program.


@pytest.mark.parametrize("other", ["another", UNKNOWN])
def test_what_another_integration_offers_under_the_same_name_is_activated_too(
    provider: PartnerSourceProvider, events: Any, other: Any
) -> None:
    offer(events)
    make_bus(events)
    take_back(events)
    offer(events)
    diff = provider.diff(NAME, travel(STATE), travel({**INPUTS, "offered_by": other}, keep_unknowns=True))
    assert (diff.changes, diff.replaces) == (True, [])
    made = provider.update(NAME, travel(STATE), travel({**INPUTS, "offered_by": "another"})).outs
    assert travel(made or {}) == {**STATE, "offered_by": "another"}
    assert state(events) == "ACTIVE"


@pytest.mark.parametrize(("key", "value"), [("name", OTHER), ("region", "eu-central-1"), ("account", "111111111111")])
def test_another_name_region_or_account_is_another_source(key: str, value: str) -> None:
    provider = PartnerSourceProvider()
    diff = provider.diff(NAME, travel(STATE), travel({**INPUTS, key: value}))
    assert (diff.changes, diff.replaces) == (True, [key])
    diff = provider.diff(NAME, travel(STATE), travel({**INPUTS, key: UNKNOWN}, keep_unknowns=True))
    assert (diff.changes, diff.replaces) == (True, []), "what is not known yet is no reason to replace a bus"


def test_the_same_is_no_change() -> None:
    provider = PartnerSourceProvider()
    assert not provider.diff(NAME, travel(STATE), travel(INPUTS)).changes
    diff = provider.diff(NAME, travel(STATE), travel({**INPUTS, "__provider": "the class at another path"}))
    assert (diff.changes, diff.replaces) == (True, [])


def test_deleting_it_leaves_the_partners_alone(provider: PartnerSourceProvider, events: Any) -> None:
    offer(events)
    provider.delete(NAME, travel(STATE))
    assert state(events) == "PENDING"
