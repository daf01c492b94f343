"""Who sent a request: Genesys Cloud, which signs the body, or our own heartbeat, which shows a key."""

import base64
import hmac
import re
from collections.abc import Mapping
from enum import Enum

from .answers import Answer, Refused
from .deadline import Deadline
from .keys import Keys

SIGNATURE_HEADER = "x-hub-signature-256"
KEY_HEADER = "x-heartbeat-key"
SIGNATURE = re.compile(r"sha256=[A-Za-z0-9+/]{43}=")


class Auth(Enum):
    """By what a request was authenticated: the metrics' and the log's `Auth`."""

    NONE = "none"
    SIGNATURE = "signature"
    PREVIOUS_SIGNATURE = "previous-signature"
    HEARTBEAT = "heartbeat"


class Authentication:
    def __init__(self, signing: Keys, heartbeat: Keys) -> None:
        self._signing = signing
        self._heartbeat = heartbeat

    def check(self, headers: Mapping[str, str], body: bytes, deadline: Deadline) -> Auth:
        """Raises Refused. A request with both headers is judged by its signature, as only that tells about the body.

        Who shows a key never gets a 401: AWS de-authorises an API-key connection for good on that.
        """
        signature, shown = header(headers, SIGNATURE_HEADER), header(headers, KEY_HEADER)
        if shown is None:
            return self._signed(signature, body, deadline)
        if signature is None:
            return self._shown(shown, deadline)
        try:
            return self._signed(signature, body, deadline)
        except Refused as refused:
            if refused.answer.status == 401:
                raise Refused(Answer.KEY_WRONG) from None
            raise

    def _signed(self, signature: str | None, body: bytes, deadline: Deadline) -> Auth:
        # These two no key could make right, so that none is asked for.
        if signature is None:
            raise Refused(Answer.NOT_SIGNED)
        if not SIGNATURE.fullmatch(signature):
            raise Refused(Answer.SIGNATURE_GARBLED)
        given = signature.encode()
        match self._signing.find(lambda key: hmac.compare_digest(sign(key, body), given), deadline):
            case "current":
                return Auth.SIGNATURE
            case "previous":
                return Auth.PREVIOUS_SIGNATURE
        raise Refused(Answer.SIGNATURE_WRONG)

    def _shown(self, shown: str, deadline: Deadline) -> Auth:
        given = shown.encode(errors="surrogatepass")
        if self._heartbeat.find(lambda key: hmac.compare_digest(key, given), deadline):
            return Auth.HEARTBEAT
        raise Refused(Answer.KEY_WRONG)


def sign(key: bytes, body: bytes) -> bytes:
    """The header's value for that body, as Genesys Cloud documents it: the digest in base64, not in hex."""
    return b"sha256=" + base64.b64encode(hmac.digest(key, body, "sha256"))


def header(headers: Mapping[str, str], name: str) -> str | None:
    """The header's value, whatever its case; of several, all of them with commas between, as HTTP API does it."""
    values = [value for given, value in headers.items() if given.lower() == name]
    return ",".join(values) if values else None
