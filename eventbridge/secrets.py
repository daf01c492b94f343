"""Credentials of AWS: without what no header may have in it, and kept out of what is said."""

from collections.abc import Mapping

MASK = "[secret]"
SHORTEST = 8  # what is shorter is no secret of AWS, and would mask half of a text
VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")

_hidden: set[str] = set()


class ControlCharacters(ValueError):
    """There are some inside. Says where, never what."""


def clean(where: str, value: str) -> str:
    """Without white space at its ends, as files and shells leave it. Raises ControlCharacters for any inside."""
    found = value.strip()
    if not found.isprintable():
        raise ControlCharacters(f"{where} has a line break or another control character inside: write it anew")
    return found


def cleaned(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment, with its credentials as they may be sent."""
    found = {name: clean(name, environ[name]) for name in VARIABLES if name in environ}
    hide(*(value for name, value in found.items() if name != "AWS_ACCESS_KEY_ID"))
    return {**environ, **found}


def hide(*secrets: str | None) -> None:
    """Remember values that `redact` takes out of every text from now on."""
    _hidden.update(secret for secret in secrets if secret and len(secret) >= SHORTEST)


def redact(text: str) -> str:
    """The text with every hidden value replaced by `[secret]`, on one line."""
    for secret in sorted(_hidden, key=len, reverse=True):  # the longest first: one value may lie inside another
        text = text.replace(secret, MASK)
    return " ".join(text.split())
