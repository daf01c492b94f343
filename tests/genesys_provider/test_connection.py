from collections.abc import Mapping

import pytest

from genesys_provider.connection import Connection, is_loopback, resolve, url_problem
from genesys_provider.errors import ConfigError
from genesys_provider.redaction import redact
from tests.support.provider import ENVIRON, ORG

CONFIG = {"region": "euc1", "clientId": "of-config", "clientSecret": "secret-of-config", "orgId": "org-of-config"}


def connect(config: Mapping[str, object], environ: Mapping[str, str] | None = None) -> Connection:
    return resolve(config.get, environ or {})


def test_a_region_gives_both_hosts() -> None:
    connection = connect({"region": "eu-central-1"}, ENVIRON)
    assert (connection.login_url, connection.api_url) == ("https://login.mypurecloud.de", "https://api.mypurecloud.de")
    assert connection.host == "api.mypurecloud.de"


def test_the_environment_goes_before_the_config() -> None:
    connection = connect(CONFIG, ENVIRON)
    assert (connection.client_id, connection.client_secret) == ("sandbox-client", "sandbox-secret")
    assert connection.org_id == ORG


def test_an_organisations_id_means_the_same_in_any_case() -> None:
    assert connect(CONFIG, {**ENVIRON, "GENESYS_ORG_ID": ORG.upper()}).org_id == ORG
    assert connect({**CONFIG, "orgId": ORG.upper()}).org_id == ORG
    assert connect({**CONFIG, "orgId": "Not-A-UUID"}).org_id == "Not-A-UUID"


@pytest.mark.parametrize("nothing", [{}, dict.fromkeys(ENVIRON, ""), dict.fromkeys(ENVIRON, "  ")])
def test_without_it_the_config_counts(nothing: dict[str, str]) -> None:
    connection = connect(CONFIG, nothing)
    assert (connection.client_id, connection.client_secret) == ("of-config", "secret-of-config")
    assert connection.org_id == "org-of-config"


def test_both_urls_together_go_before_the_region() -> None:
    urls = {"loginUrl": "http://127.0.0.1:4580/", "apiUrl": "https://gateway.example.com/genesys/"}
    connection = connect({**CONFIG, **urls})
    assert connection.login_url == "http://127.0.0.1:4580"
    assert connection.api_url == "https://gateway.example.com/genesys"
    assert connection.host == "gateway.example.com"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4580", "http://127.0.0.1:9999", "http://[::1]:1", "http://localhost"]
)
def test_all_of_this_machine_is_one_host(url: str) -> None:
    assert connect({**CONFIG, "loginUrl": url, "apiUrl": url}).host == "loopback"


def test_the_time_limit_is_120_seconds_or_what_the_config_says() -> None:
    assert connect(CONFIG).timeout_seconds == 120
    assert connect({**CONFIG, "timeoutSeconds": 30.0}).timeout_seconds == 30
    assert connect({**CONFIG, "timeoutSeconds": "45"}).timeout_seconds == 45


def test_a_request_is_sent_8_times_or_what_the_config_says() -> None:
    assert connect(CONFIG).max_attempts == 8
    assert connect({**CONFIG, "maxAttempts": 1.0}).max_attempts == 1
    assert connect({**CONFIG, "maxAttempts": "20"}).max_attempts == 20


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"region": None}, "genesys:region is missing; for example: pulumi config set genesys:region eu-central-1"),
        ({"region": "mars"}, "genesys:region is 'mars', which is no region of Genesys Cloud"),
        ({"clientId": None}, "no Genesys client id: set GENESYS_CLIENT_ID in the environment, or `pulumi config set"),
        (
            {"clientSecret": None},
            "set GENESYS_CLIENT_SECRET in the environment, or `pulumi config set --secret genesys:",
        ),
        ({"orgId": " "}, "no Genesys organisation id: set GENESYS_ORG_ID in the environment"),
        ({"loginUrl": "https://login.example.com"}, "genesys:apiUrl is missing: genesys:loginUrl is set"),
        ({"apiUrl": "https://api.example.com"}, "genesys:loginUrl is missing: genesys:apiUrl is set"),
        (
            {"loginUrl": "http://a.example.com", "apiUrl": "https://b"},
            "genesys:loginUrl is 'http://a.example.com'; write",
        ),
        (
            {"loginUrl": "https://b", "apiUrl": "api.example.com"},
            "genesys:apiUrl is 'api.example.com'; write an https://",
        ),
        ({"loginUrl": "https://b", "apiUrl": "https://c?d=e"}, "genesys:apiUrl has a ?query in it"),
        (
            {"timeoutSeconds": "soon"},
            "genesys:timeoutSeconds is 'soon'; write a number from 1 to 3600, for example 120",
        ),
        ({"timeoutSeconds": "0"}, "genesys:timeoutSeconds is '0'; write a number"),
        ({"timeoutSeconds": "nan"}, "genesys:timeoutSeconds is 'nan'; write a number"),
        ({"maxAttempts": "often"}, "genesys:maxAttempts is 'often'; write a whole number from 1 to 20, for example 8"),
        ({"maxAttempts": "2.5"}, "genesys:maxAttempts is '2.5'; write a whole number from 1 to 20"),
        ({"maxAttempts": "0"}, "genesys:maxAttempts is '0'; write a whole number"),
        ({"maxAttempts": "21"}, "genesys:maxAttempts is '21'; write a whole number"),
    ],
)
def test_what_is_missing_or_wrong_is_one_line_that_names_the_key(change: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        connect({**CONFIG, **change})
    text = str(refused.value)
    assert says in text
    assert "\n" not in text
    assert "secret-of-config" not in text


def test_the_secret_is_shown_nowhere() -> None:
    connection = connect(CONFIG)
    assert "secret-of-config" not in repr(connection)
    assert redact("with secret-of-config in it") == "with [secret] in it"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com:8443/a/b?c=d",
        "HTTPS://example.com/",
        "http://127.0.0.1:4566/_aws/x",
        "http://127.3.2.1/",
        "http://localhost:80",
        "http://[::1]/",
        "https://[2001:db8::1]:8443/",
        "https://under_score.example.com./",
        "https://xn--bcher-kva.example.com/",
    ],
)
def test_urls_that_events_may_go_to(url: str) -> None:
    assert url_problem(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "http://10.0.0.1/",
        "http://localhost.example.com/",
        "http://127.0.0.1.example.com/",
        "ftp://example.com/",
        "example.com/genesys",
        "https://",
        "https:///path",
        "https://[::1/",
        "https://example.com:port/",
        "https://example.com/#part",
        "https://example.com/a b",
        "https://example.com/\n",
        "https://login..example.com/",
        f"https://{'a' * 64}.example.com/",
        "https://\u200bexample.com/",  # invisible
        "https://bücher.example.com/",
        "https://*.example.com/",
        "https://example.com%2f/",
        "https://256.1.1.1/",
        "https://10.0.1/",
        "",
    ],
)
def test_urls_that_they_may_not(url: str) -> None:
    problem = url_problem(url)
    assert problem
    assert "write" in problem
    assert "\n" not in problem


def test_a_password_in_a_url_is_refused_and_not_repeated() -> None:
    for url in (
        "https://user:hunter2@example.com/",
        "http://hunter2@127.0.0.1/",
        "me:hunter2@b/c",
        "https:a:hunter2@b",
    ):
        assert "hunter2" not in (url_problem(url) or "hunter2")


@pytest.mark.parametrize("behind", ["/hunter2", "?key=hunter2", "/a/b?hunter2"])
@pytest.mark.parametrize("host", ["http://example.com", "example.com"])
def test_nor_is_what_stands_behind_the_host_which_may_be_a_key(host: str, behind: str) -> None:
    problem = url_problem(host + behind)
    assert problem
    assert problem.startswith(f"is {host!r}; write an https:// URL")


def test_hosts_of_other_machines_are_not_loopback() -> None:
    assert not any(map(is_loopback, ["", "10.0.0.1", "::2", "example.com", "localhost.example.com", "0.0.0.0"]))  # noqa: S104


@pytest.mark.parametrize(
    ("here", "there", "apart"),
    [
        ("euc1", "api.mypurecloud.de", False),
        ("euc1", "api.mypurecloud.ie", True),
        ("euc1", "loopback", True),
        ("euc1", "gateway.example.com", False),
        ("http://127.0.0.1:1", "loopback", False),
        ("http://127.0.0.1:1", "api.mypurecloud.de", True),
        ("http://127.0.0.1:1", "gateway.example.com", True),
        ("https://gateway.example.com", "api.mypurecloud.de", False),
    ],
)
def test_an_organisation_is_in_one_region_and_not_on_this_machine(here: str, there: str, apart: bool) -> None:
    place = {"loginUrl": here, "apiUrl": here} if "://" in here else {"region": here}
    assert connect({**CONFIG, **place}).is_apart_from(there) == apart
