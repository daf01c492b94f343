"""Keep secrets out of everything that is said: what was once hidden never appears in a text that passes here."""

import base64
import json
import threading
from urllib.parse import quote

MASK = "[secret]"
_hidden: set[str] = set()
_lock = threading.Lock()


def hide(*secrets: str | None) -> None:
    """Remember values, in the forms in which they travel, that `redact` takes out of every text from now on."""
    with _lock:
        for secret in secrets:
            if secret:
                encoded = base64.b64encode(secret.encode()).decode()
                _hidden.update({secret, quote(secret, safe=""), json.dumps(secret)[1:-1], encoded, encoded.rstrip("=")})


def redact(text: str) -> str:
    """The text with every hidden value replaced by `[secret]`, on one line."""
    with _lock:
        secrets = sorted(_hidden, key=len, reverse=True)  # the longest first: one value may lie inside another
    for secret in secrets:
        text = text.replace(secret, MASK)
    return " ".join(text.split())
