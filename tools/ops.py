"""`python -m tools.ops <command> STACK [arguments]`: `python -m ops`, in the environment that STACK needs.

Stacks of the sandbox have a backend, a passphrase and credentials of their own; for any other, the environment is the
user's. Where the engine was built here, it is put on PATH.
"""

import os
import sys
from typing import NoReturn

from tools.engine import EngineError, file_error, say
from tools.stack import ROOT, Stack, StackError, named


def line(stack: Stack, command: str, *arguments: str) -> list[str]:
    """What to run, in the project and with `environ(stack)`."""
    file = ["--config-file", str(stack.config_file)] if stack.local else []  # it may be a copy, with other ports
    return [sys.executable, "-m", "ops", command, "--stack", stack.name, *file, *arguments]


def environ(stack: Stack) -> dict[str, str]:
    given = stack.environ
    return {**given, "PATH": os.pathsep.join(filter(None, [str(stack.engine.path.parent), given.get("PATH")]))}


def main(arguments: list[str]) -> int:
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    command, name, *rest = arguments
    try:
        stack = named(name, *rest)
        stack.deployed()
        found, variables = line(stack, command, *rest), environ(stack)
    except (StackError, EngineError) as error:
        say(f"error: {error}")
        return 2
    except OSError as error:
        say(f"error: {file_error(error)}")
        return 2
    return become(found, variables)


def become(line: list[str], variables: dict[str, str]) -> NoReturn:
    """In place of this process: so Ctrl-C reaches it once, and its exit code is ours."""
    os.chdir(ROOT)
    os.execve(line[0], line, variables)  # noqa: S606 (no shell is wanted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
