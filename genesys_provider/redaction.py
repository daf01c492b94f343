"""Keep secrets out of everything that is said: what was once hidden never appears in a text that passes here."""

import base64
import functools
import re
import threading
from collections.abc import Iterator
from html.entities import codepoint2name

MASK = "[secret]"
SHORTEST = 4  # what is shorter is no secret, and would mask half of every text
SHORTEST_KEY = 16  # a word of so many characters may be a key by itself: behind `Bearer`, or a line of a PEM
HTML_NAMES = {**codepoint2name, ord("'"): "apos"}
DEEPEST = 31  # backslashes before what is escaped: so many has a text in JSON within JSON, five deep
ESCAPE = rf"\\{{1,{DEEPEST}}}"
ESCAPED = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}

_hidden: set[str] = set()
_lock = threading.Lock()


def hide(*secrets: str) -> None:
    """Remember values, in the forms in which they travel, that `redact` takes out of every text from now on."""
    with _lock:
        for secret in secrets:
            for value in (secret, *(word for word in secret.split() if len(word) >= SHORTEST_KEY)):
                if len(value) >= SHORTEST:
                    _hidden.update((value,), encoded(value.encode()))


def redact(text: str) -> str:
    """The text with every hidden value replaced by `[secret]`, on one line, without what moves a terminal's cursor."""
    with _lock:
        secrets = sorted(_hidden, key=len, reverse=True)  # the longest first: one value may lie inside another
    for secret in secrets:
        text = pattern(secret).sub(MASK, text)
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


@functools.cache
def pattern(secret: str) -> re.Pattern[str]:
    """The secret however it is spelt. Nobody writes letters and digits otherwise, but in another case perhaps."""

    def spelt(part: str) -> str:
        if re.match("[0-9A-Za-z]", part):
            return part
        each = f"(?:{'|'.join(spellings(part[0]))})"
        # Of backslashes in a row one stands for all: each for itself, they could be shared out in endless ways.
        return rf"(?<!\\){each}+" if part[0] == "\\" else each

    return re.compile("".join(map(spelt, re.findall(r"\\+|.", secret, re.DOTALL))), re.IGNORECASE)


def spellings(character: str) -> Iterator[str]:
    """How writers of URLs, forms, JSON, HTML and Python spell it, one within another too."""
    code, utf16 = ord(character), character.encode("utf-16-be").hex()
    yield re.escape(character) if character == "\\" else rf"\\{{0,{DEEPEST}}}{re.escape(character)}"
    yield "".join(f"%(?:25)*{octet:02x}" for octet in character.encode())
    yield "".join(rf"{ESCAPE}u{utf16[at : at + 4]}" for at in range(0, len(utf16), 4))
    yield rf"{ESCAPE}(?:x{code:02x}|u{code:08x})"
    yield rf"&(?:amp;)*(?:#0*{code}|#x0*{code:x}|{HTML_NAMES.get(code, '#')});"
    if character in ESCAPED:
        yield f"{ESCAPE}{ESCAPED[character]}"
    if character == " ":
        yield r"\+"


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
