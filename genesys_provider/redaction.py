"""Keep secrets out of everything that is said: what was once hidden never appears in a text that passes here."""

import base64
import json
import threading
from urllib.parse import quote, quote_plus

MASK = "[secret]"
SHORTEST = 4  # what is shorter is no secret, and would mask half of every text

_hidden: set[str] = set()
_lock = threading.Lock()


def hide(*secrets: str) -> None:
    """Remember values, in the forms in which they travel, that `redact` takes out of every text from now on."""
    with _lock:
        for secret in secrets:
            if len(secret) >= SHORTEST:
                raw = secret.encode()
                encoded = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
                _hidden.update({secret, quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1]})
                _hidden.update({json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]})
                _hidden.update(encoded, {text.rstrip("=") for text in encoded})


def redact(text: str) -> str:
    """The text with every hidden value replaced by `[secret]`, on one line."""
    with _lock:
        secrets = sorted(_hidden, key=len, reverse=True)  # the longest first: one value may lie inside another
    for secret in secrets:
        text = text.replace(secret, MASK)
    return " ".join(text.split())
