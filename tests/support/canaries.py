"""Secrets that are looked for: in which forms one would show, and where."""

import base64
import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, quote_plus

LEAST = 12  # of a part's characters, so that it stands for nothing but its secret

Place = tuple[str, bytes]  # its name, and what is there


# HTML as Python writes it in a tag's text and in an attribute, as JavaScript and Go do, and XML.
TAGS = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
HTML = [
    TAGS,
    {**TAGS, '"': "&quot;", "'": "&#x27;"},
    {**TAGS, '"': "&quot;", "'": "&#39;"},
    {**TAGS, '"': "&#34;", "'": "&#39;"},
    {**TAGS, '"': "&quot;", "'": "&apos;"},
]


def forms(secret: str) -> set[str]:
    """The secret as it would travel: plain, within base64, for URLs, in JSON of Python and of Go, and in HTML."""
    raw = secret.encode()
    encoded = {part for shift in range(3) for part in (inside(raw, shift), inside(raw, shift, b"-_"))}
    python = {json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    go = {re.sub("[&<>]", lambda found: rf"\u{ord(found[0]):04x}", text) for text in python}  # minds HTML
    urls = {quote(secret), quote(secret, safe=""), quote_plus(secret)}
    small = {re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), text) for text in urls}
    pages = {"".join(spelt.get(character, character) for character in secret) for spelt in HTML}
    return {secret, repr(secret)[1:-1], *encoded, *urls, *small, *python, *go, *pages}


def inside(raw: bytes, shift: int, alphabet: bytes = b"+/") -> str:
    """The characters that are the same in the base64 of each value in which so many bytes (modulo 3) come before."""
    encoded = base64.b64encode(b" " * shift + raw, alphabet).decode()
    after = (shift + len(raw)) % 3
    return encoded[(0, 2, 3)[shift] : len(encoded) - (0, 3, 2)[after]]


def traces(secret: str) -> set[bytes]:
    """What gives it away: its forms, and those of its longest part that no encoding but base64 changes."""
    part = max(re.findall("[0-9A-Za-z]+", secret), key=len)
    return {form.encode() for each in (secret, part) if len(each) >= LEAST for form in forms(each)}


def seen(secrets: Mapping[str, str], places: Iterable[Place]) -> list[str]:
    """`secret in place` for each that shows there."""
    wanted = {name: traces(secret) for name, secret in secrets.items()}
    return [
        f"{name} in {where}"
        for where, content in places
        for name, shapes in wanted.items()
        if any(shape in content for shape in shapes)
    ]


def files(folder: Path) -> Iterator[Place]:
    """Every file under the folder, by its path from there; the name is looked at too."""
    for file in folder.rglob("*"):
        name = str(file.relative_to(folder))
        yield name, name.encode() + (b"\n" + file.read_bytes() if file.is_file() else b"")


@contextmanager
def process_arguments() -> Iterator[set[bytes]]:
    """The command line of every process that is seen to run meanwhile, as anybody on the machine can read them."""
    lines: set[bytes] = set()
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.05):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    lines.add((process / "cmdline").read_bytes())
                except OSError:
                    continue  # it has ended

    watch = threading.Thread(target=look, name="process-arguments", daemon=True)
    watch.start()
    try:
        yield lines
    finally:
        done.set()
        watch.join()
