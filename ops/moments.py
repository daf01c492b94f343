"""Moments as they are given on a command line: ISO 8601 with its zone, or how long ago."""

import argparse
import re
from datetime import UTC, datetime, timedelta

EXAMPLE = "write 2026-03-01T14:00Z, 2026-03-01T15:00+01:00, or how long ago: 30m, 2h, 1d"
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def moment(text: str) -> datetime:
    """In UTC, by the clock of this machine where it is relative. For argparse."""
    if found := re.fullmatch(r"(\d{1,5})([smhd])", text.strip()):
        return datetime.now(UTC) - timedelta(**{UNITS[found[2]]: int(found[1])})
    try:
        given = datetime.fromisoformat(text.strip())
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; {EXAMPLE}") from None
    if given.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} says nothing of its zone; {EXAMPLE}")
    return given.astimezone(UTC)


def told(of: datetime) -> str:
    return f"{of.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
