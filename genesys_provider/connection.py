"""Where and as whom to talk to Genesys Cloud, from the environment and the `genesys:*` config."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .errors import ConfigError
from .redaction import hide
from .regions import REGIONS, find_region
from .uuids import folded

CONFIG_KEYS = ("region", "loginUrl", "apiUrl", "orgId", "clientId", "clientSecret", "timeoutSeconds", "maxAttempts")
DEFAULT_TIMEOUT_SECONDS, DEFAULT_MAX_ATTEMPTS = 120, 8
AS_OF = "`refresh` and `destroy` use the config of the last `up` unless run with --run-program"
LOOPBACK = "loopback"
# Of what has other letters, libraries don't agree how it is written.
HOST_NAME = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?")
PLATFORM_HOSTS = {f"api.{region.domain}" for region in REGIONS}


@dataclass(frozen=True, slots=True)
class Connection:
    """Base URLs (no trailing slash), credentials, the organisation's id, and how long and how often is tried."""

    login_url: str
    api_url: str
    client_id: str
    client_secret: str = field(repr=False)
    org_id: str
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    max_attempts: int = DEFAULT_MAX_ATTEMPTS

    @property
    def host(self) -> str:
        """The API's host without a port, or `loopback`: a sandbox's port is no part of what an organisation is."""
        host = urlsplit(self.api_url).hostname or ""
        return LOOPBACK if is_loopback(host) else host

    def is_apart_from(self, host: str) -> bool:
        """Whether what lives at that host can't be found here.

        An organisation is in one region, and a sandbox on this machine is never the platform. Any other host may be a
        gateway before the same organisation.
        """
        return host != self.host and (LOOPBACK in (host, self.host) or {host, self.host} <= PLATFORM_HOSTS)


def resolve(config: Callable[[str], object], environ: Mapping[str, str]) -> Connection:
    """The connection that the environment (first) and the config (second) ask for.

    `config` gives the value of a key without its `genesys:` namespace, or None. Raises ConfigError, one line that names
    the key, what is wrong and an example.
    """

    def text(key: str) -> str:
        value = config(key)
        return "" if value is None else str(value).strip()

    def credential(variable: str, key: str, hint: str) -> str:
        value = environ.get(variable, "").strip() or text(key)
        if not value:
            raise ConfigError(f"no {hint}: set {variable} in the environment, or `pulumi config set {key_option(key)}`")
        return value

    login_url, api_url = text("loginUrl"), text("apiUrl")
    if bool(login_url) != bool(api_url):
        missing, given = ("genesys:apiUrl", "loginUrl") if login_url else ("genesys:loginUrl", "apiUrl")
        raise ConfigError(
            f"{missing} is missing: genesys:{given} is set, and the two go together (a gateway or sandbox has both)"
        )
    region = find_region(text("region")) if text("region") else None
    if login_url:
        login_url, api_url = base_url("genesys:loginUrl", login_url), base_url("genesys:apiUrl", api_url)
    elif region:
        login_url, api_url = region.login_url, region.api_url
    else:
        raise ConfigError("genesys:region is missing; for example: pulumi config set genesys:region eu-central-1")

    client_id = credential("GENESYS_CLIENT_ID", "clientId", "Genesys client id")
    client_secret = credential("GENESYS_CLIENT_SECRET", "clientSecret", "Genesys client secret")
    hide(client_secret, f"{client_id}:{client_secret}")
    return Connection(
        login_url=login_url,
        api_url=api_url,
        client_id=client_id,
        client_secret=client_secret,
        org_id=folded(credential("GENESYS_ORG_ID", "orgId", "Genesys organisation id")),
        timeout_seconds=number("timeoutSeconds", text("timeoutSeconds"), DEFAULT_TIMEOUT_SECONDS, 3600),
        max_attempts=int(number("maxAttempts", text("maxAttempts"), DEFAULT_MAX_ATTEMPTS, 20, whole=True)),
    )


def key_option(key: str) -> str:
    return f"--secret genesys:{key}" if key == "clientSecret" else f"genesys:{key} <value>"


def number(key: str, text: str, default: int, most: int, whole: bool = False) -> float:
    """The number from 1 to `most` that the text says, a whole one if need be."""
    try:
        value = float(text or default)
    except ValueError:
        value = 0
    if not 1 <= value <= most or (whole and not value.is_integer()):
        kind = "whole number" if whole else "number"
        raise ConfigError(f"genesys:{key} is {text!r}; write a {kind} from 1 to {most}, for example {default}")
    return value


def base_url(key: str, url: str) -> str:
    """The URL without a trailing slash; ConfigError unless it is https, or http to this machine."""
    problem = url_problem(url) or ("has a ?query in it; write the URL without it" if "?" in url else None)
    if problem:
        raise ConfigError(f"{key} {problem}")
    return url.rstrip("/")


def url_problem(url: str) -> str | None:
    """What is wrong with a URL that secrets or events go to, or None. Only loopback may do without TLS."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is no URL; write one like https://example.com/genesys"
    if "@" in url.removesuffix(behind_host(url)):
        return "has a user name or password in it; write the URL without them"
    if re.search(r"[\s\\\x00-\x1f\x7f]", url) or parts.fragment:
        return "has a space, a backslash, a control character or a #fragment in it; write the URL without them"
    if host and not (HOST_NAME.fullmatch(host) or is_address(host)):
        return "has a host with something else in it than letters, digits, hyphens and dots; write others as xn--…"
    if host and re.fullmatch(r"[\d._-]+", host) and not is_address(host):
        return "has a host of digits that is no address; write one like https://example.com/genesys"
    if host and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))):
        return None
    shown = url.removesuffix(behind_host(url))
    return f"is {shown!r}; write an https:// URL, like https://example.com/genesys (http only to this machine)"


def behind_host(url: str) -> str:
    """Path and query, in which there may be a key."""
    found = re.match(r"(?:[^:/?]*://)?[^/?]*(.*)", url, re.DOTALL)
    return found[1] if found else ""


def is_loopback(host: str) -> bool:
    return ipaddress.ip_address(host).is_loopback if is_address(host) else host == "localhost"


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
