"""A probe: a signed event through the public URL, as Genesys Cloud's webhook would post it, that no consumer gets.

The ingress puts it on the bus with a source of its own, so that archive, tap and consumers' rules leave it out.
"""

import base64
import hmac
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from genesys_provider.errors import GenesysError
from genesys_provider.redaction import hide
from genesys_provider.retry import time_limit

from .aws import asking
from .errors import OpsError
from .stack import Stack

SOURCE = "genesys-pulumi.ops"
TOPIC = "genesys-pulumi.ops.probe"
DETAIL_TYPE = "probe"
SIGNATURE = "X-Hub-Signature-256"
POST_SECONDS = 10.0  # what Genesys Cloud waits for an answer


class NoAnswerError(OpsError):
    """Nothing came back from the public URL."""


@dataclass(frozen=True)
class Answered:
    status: int
    message: str
    """The receiver's own words, where it has any."""

    def __str__(self) -> str:
        return f"{self.status} {self.message}".strip()


class Sender:
    """Posts to a stack's public URL what Genesys Cloud would. Raises OpsError when its key can't be read."""

    def __init__(self, stack: Stack) -> None:
        with asking():
            secret = stack.aws.secrets.get_secret_value(SecretId=stack.outputs["signingSecretArn"])
        self._key = str(secret.get("SecretString") or "")
        if not self._key.strip():
            raise OpsError("the signing key's secret is empty, so that nothing can be signed")
        hide(self._key)
        self._url = stack.outputs["destinationUrl"]
        self._client = stack.genesys

    def post(self, event: dict[str, Any]) -> Answered:
        """Raises NoAnswerError."""
        body = encoded(event)
        headers = {"Content-Type": "application/json", SIGNATURE: signature(self._key, body)}
        try:
            with time_limit(POST_SECONDS):
                status, text = self._client.deliver(self._url, body, headers)
        except GenesysError as error:
            raise NoAnswerError(str(error)) from None
        return Answered(status, message_of(text))

    def probe(self) -> tuple[str, Answered]:
        """Its id, by which it is known on the bus, and the answer."""
        id_ = str(uuid.uuid4())
        return id_, self.post({"topicName": TOPIC, "eventBody": {"probeId": id_}, "timestamp": now()})


def sender(stack: Stack) -> Sender | None:
    """None where nobody but Genesys Cloud can send: in `partner`, and to somebody else's receiver."""
    return Sender(stack) if "signingSecretArn" in stack.outputs else None


def probe_id(event: dict[str, Any]) -> str | None:
    """Of an event on the bus, whether it is a probe of anybody's."""
    detail = event.get("detail") or {}
    if detail.get("topicName") != TOPIC:
        return None
    return str((detail.get("eventBody") or {}).get("probeId") or "")


def encoded(event: dict[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def signature(key: str, body: bytes) -> str:
    return "sha256=" + base64.b64encode(hmac.digest(key.encode(), body, "sha256")).decode()


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def message_of(text: str) -> str:
    """What the ingress, or AWS before it, says in `message`; another's page is not quoted."""
    try:
        body = json.loads(text)
    except ValueError:
        return ""
    message = (body.get("message") or body.get("Message")) if isinstance(body, dict) else None
    return " ".join(str(message or "").split())[:200]
