"""The keys of one secret: read when they are needed, kept, and read again when none fits."""

import math
import time
from collections.abc import Callable
from typing import Literal

from botocore.exceptions import ClientError

from .answers import RETRY_AFTER, Answer, Refused
from .aws import FAILURES, SecretsClient, SecretValue, code
from .deadline import Deadline

Which = Literal["current", "previous"]


class Keys:
    """The secret's current key, and the previous one for `overlap` seconds after the current one was created.

    Time is the wall clock's: the monotonic one may stand still while Lambda freezes the process, and old keys would
    then count as fresh.
    """

    def __init__(self, client: SecretsClient, arn: str, overlap: float, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._arn = arn
        self._overlap = overlap
        self._clock = clock
        self._current = self._previous = b""
        self._previous_until = self._read_at = self._tried_at = -math.inf

    def find(self, fits: Callable[[bytes], bool], deadline: Deadline) -> Which | None:
        """Which key fits. None only when none does and they were read less than 5 seconds ago.

        Raises Refused (503) when that can't be told.
        """
        found = self._find(fits)
        if found is None and not self._recent(self._read_at):
            self._read(deadline)
            found = self._find(fits)
        return found

    def _find(self, fits: Callable[[bytes], bool]) -> Which | None:
        if self._current and fits(self._current):
            return "current"
        if self._previous and self._clock() < self._previous_until and fits(self._previous):
            return "previous"
        return None

    def _read(self, deadline: Deadline) -> None:
        """Read both keys, or leave both as they are. Strangers with wrong signatures can't make it read more often."""
        if self._recent(self._tried_at):
            raise Refused(Answer.KEYS_READ_TOO_OFTEN)
        self._tried_at = now = self._clock()
        try:
            current = self._get("AWSCURRENT", deadline)
            # Not from the future, should AWS's clock be ahead: an overlap of 0 is none.
            previous_until = min(current["CreatedDate"].timestamp(), now) + self._overlap
            previous = self._get_previous(deadline) if now < previous_until else b""
        except FAILURES as error:
            raise Refused(Answer.KEYS_UNREADABLE, code(error)) from None
        if not key(current):
            raise Refused(Answer.KEYS_UNREADABLE, "empty")
        self._current, self._previous, self._previous_until = key(current), previous, previous_until
        self._read_at = now

    def _get_previous(self, deadline: Deadline) -> bytes:
        try:
            return key(self._get("AWSPREVIOUS", deadline))
        except ClientError as error:
            if code(error) == "ResourceNotFoundException":  # never rotated
                return b""
            raise

    def _get(self, stage: str, deadline: Deadline) -> SecretValue:
        return deadline.call(
            deadline.keys, lambda: self._client.get_secret_value(SecretId=self._arn, VersionStage=stage)
        )

    def _recent(self, at: float) -> bool:
        return 0 <= self._clock() - at < RETRY_AFTER


def key(value: SecretValue) -> bytes:
    """Empty for blanks too: who empties a secret by hand leaves one, as AWS takes no empty text."""
    text = value.get("SecretString", "")
    return text.encode() if text.strip(" \t\r\n") else b""
