"""What goes wrong, as one line each: what the user of Pulumi reads."""

from typing import Any


class PluginError(Exception):
    """A line that says what is wrong and what to do."""


class AwsError(PluginError):
    """An answer of AWS that is an error: `operation: Code: message`."""

    def __init__(self, operation: str, code: str, message: str) -> None:
        super().__init__(f"{operation}: {code}: {' '.join(message.split())}")
        self.code = code


class HalfMade(PluginError):
    """It is there, but not all that had to be done is. The engine keeps it, and the next `up` goes on."""

    def __init__(self, id_: str, state: dict[str, Any], reason: PluginError) -> None:
        super().__init__(str(reason))
        self.id = id_
        self.state = state


OFFICIAL = "SANDBOX_AWS_PLUGIN=official uses the real plugin"
