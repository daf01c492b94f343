"""Keep secrets out of everything that is said: what was once hidden never appears in a text that passes here."""

import base64
import html
import json
import re
import threading
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

MASK = "[secret]"
SHORTEST = 4  # what is shorter is no secret, and would mask half of every text
# How writers of HTML spell " and ': within a tag's text, Python, JavaScript, PHP, XML, Go.
HTML_QUOTES = (
    ('"', "'"),
    ("&quot;", "&#x27;"),
    ("&quot;", "&#39;"),
    ("&quot;", "&#039;"),
    ("&quot;", "&apos;"),
    ("&#34;", "&#39;"),
)

_hidden: set[str] = set()
_lock = threading.Lock()


def hide(*secrets: str) -> None:
    """Remember values, in the forms in which they travel, that `redact` takes out of every text from now on."""
    with _lock:
        for secret in secrets:
            if len(secret) >= SHORTEST:
                _hidden.update(spelt(secret), encoded(secret.encode()))


def redact(text: str) -> str:
    """The text with every hidden value replaced by `[secret]`, on one line."""
    with _lock:
        secrets = sorted(_hidden, key=len, reverse=True)  # the longest first: one value may lie inside another
    for secret in secrets:
        text = text.replace(secret, MASK)
    return " ".join(text.split())


def spelt(secret: str) -> Iterator[str]:
    """The secret as it is, in a URL or a form, in Python's texts, in JSON (also of writers who mind HTML), in HTML."""
    yield from (secret, repr(secret)[1:-1])
    for url in (quote(secret), quote(secret, safe=""), quote_plus(secret)):
        yield from (url, re.sub("%..", lambda found: found[0].lower(), url))
    for ascii_only in (True, False):
        text = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield from (text, re.sub("[&<>]", lambda found: rf"\u{ord(found[0]):04x}", text))
    page = html.escape(secret, quote=False)
    for quotation_mark, apostrophe in HTML_QUOTES:
        yield page.replace('"', quotation_mark).replace("'", apostrophe)


def encoded(raw: bytes) -> Iterator[str]:
    """Both kinds of base64 of the secret alone, and what is the same in those of all values that have it in them."""
    for alphabet in (b"+/", b"-_"):
        alone = base64.b64encode(raw, alphabet).decode()
        yield from (alone, alone.rstrip("="))
        for before in range(3):
            text = base64.b64encode(bytes(before) + raw, alphabet).decode()
            shared = text[(0, 2, 3)[before] : len(text) - (0, 3, 2)[(before + len(raw)) % 3]]
            if len(shared) >= SHORTEST:
                yield shared
