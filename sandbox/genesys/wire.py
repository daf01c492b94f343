"""JSON exactly: whole numbers of any length, no numbers that JSON doesn't have, and text that UTF-8 can carry."""

import json
import math
from datetime import UTC, datetime

Object = dict[str, object]


def parse(text: bytes | str) -> object:
    """Raises ValueError."""
    try:
        return json.loads(
            text if isinstance(text, str) else text.decode(), parse_constant=_no_number, parse_float=_finite
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def render(value: object) -> bytes:
    """As compact as it goes, in UTF-8. Raises ValueError for half a surrogate pair, which UTF-8 can't carry."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None


def timestamp(seconds: float) -> str:
    """`2026-02-18T14:01:11.204Z`, as all dates of the platform."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _no_number(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large for a number with a fraction")
    return number
