"""What ends a command, in one line, and its exit code."""


class OpsError(Exception):
    """What stands in the way, and what to do about it."""

    exit_code = 1


class StackError(OpsError):
    """The stack, or what it needs, can't be read: nothing was done."""

    exit_code = 2
