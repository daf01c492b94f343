"""What is told while something goes on: without secrets, and each on one line."""

import pulumi

from .redaction import redact


def info(text: str) -> None:
    pulumi.log.info(redact(text))


def warn(text: str) -> None:
    pulumi.log.warn(redact(text))
