"""`python -m ops <command> --stack STACK`: see that a deployed stack works, look at its events, send them again.

exit codes:
  0  all is well
  1  something is wrong (a ✗), nothing was heard, or not all was done
  2  wrong usage, or the stack can't be read: no such stack, not deployed, no credentials
  130, 143  ended by Ctrl-C, or by SIGTERM
"""

import argparse
import os
import signal
import sys
from typing import NoReturn

from .errors import OpsError
from .moments import moment

SHORTEST_ID = 8


def parser() -> argparse.ArgumentParser:
    described, _, codes = (__doc__ or "").partition("\n\n")
    root = argparse.ArgumentParser(
        prog="python -m ops",
        description=described.partition(": ")[2],
        epilog=codes,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = root.add_subparsers(dest="command", required=True, metavar="command")

    verify = command(commands, "verify", "look at every part of the path, then send a probe through all of it")
    verify.add_argument("--json", action="store_true", help="one JSON object, for machines")
    verify.add_argument(
        "--wait",
        type=seconds,
        default=0,
        metavar="SECONDS",
        help="in `partner`, where nobody but Genesys Cloud can send: how long to wait for a real event (default: not)",
    )
    verify.add_argument(
        "--hours",
        type=positive,
        default=24,
        help="how far back failed deliveries and rejected requests count (default: %(default)s)",
    )

    tail = command(commands, "tail", "show events as they arrive; personal data is masked")
    tail.add_argument(
        "--topic",
        action="append",
        default=[],
        metavar="GLOB",
        help="only these topics: a template or a part of one with *, such as '*.acd.*'; may be given again",
    )
    tail.add_argument("--match", metavar="JSON", help="only what this EventBridge pattern matches")
    tail.add_argument("--raw", action="store_true", help="mask nothing")
    tail.add_argument("--json", action="store_true", help="one line of JSON for each event, for pipes")
    tail.add_argument("--count", type=positive, metavar="N", help="end after so many events")
    tail.add_argument(
        "--for", dest="limit", type=seconds, metavar="SECONDS", help="end after so long; with 1 if nothing was heard"
    )

    trigger = command(commands, "trigger", "post a signed sample event through the public URL (`delivery: webhook`)")
    what = trigger.add_mutually_exclusive_group()
    what.add_argument("--topic", default="acd.start", help="acd.start, acd.end, customer.end or user.end (%(default)s)")
    what.add_argument("--file", metavar="FILE", help="an event of your own: a JSON object, - for standard input")
    trigger.add_argument("--yes", action="store_true", help="also where `protect` is on")
    trigger.add_argument("--json", action="store_true", help="one JSON object, for machines")

    replay = command(commands, "replay", "send events once more, from the archive, to the rules that are named")
    replay.add_argument(
        "--since", type=moment, required=True, metavar="TIME", help="2026-03-01T14:00Z, or how long ago: 30m, 2h, 1d"
    )
    replay.add_argument("--until", type=moment, metavar="TIME", help="the same (default: now)")
    to = replay.add_mutually_exclusive_group(required=True)
    to.add_argument(
        "--rule",
        action="append",
        metavar="NAME",
        help="to this rule, by its own name or by the stack's (tap, forward-1); may be given again",
    )
    to.add_argument("--all-rules", action="store_true", help="to every rule of the bus, other consumers' too")
    replay.add_argument("--json", action="store_true", help="the result as one JSON object, for machines")

    letters = command(commands, "dead-letters", "what targets did not take: list, explain, send again, delete")
    letters.add_argument(
        "action", nargs="?", choices=("list", "explain", "send", "delete"), default="list", help="(default: list)"
    )
    letters.add_argument(
        "--queue",
        action="append",
        default=[],
        metavar="NAME",
        help="only of this target: tap, forward-1 (default: all)",
    )
    which = letters.add_mutually_exclusive_group()
    which.add_argument("--id", type=id_, action="append", default=[], help="only this one; may be given again")
    which.add_argument("--all", action="store_true", help="all of them: send and delete want that said")
    letters.add_argument("--yes", action="store_true", help="delete without asking")
    letters.add_argument("--json", action="store_true", help="a line of JSON for each, for machines")
    return root


def command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, what: str
) -> argparse.ArgumentParser:
    made = commands.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
    made.add_argument("--stack", required=True, help="the Pulumi stack, such as dev")
    made.add_argument("--config-file", metavar="FILE", help="the stack's file, where it is another (as for pulumi)")
    return made


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def id_(text: str) -> str:
    if len(text) < SHORTEST_ID:
        raise argparse.ArgumentTypeError(f"{text!r} may be more than one: give {SHORTEST_ID} characters of it, as list")
    return text


def seconds(text: str) -> int:
    return 0 if text == "0" else positive(text)


def main(arguments: list[str]) -> int:
    given = parser().parse_args(arguments)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would ignore it
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    try:
        return run(given)
    except OpsError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # whoever read this has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def run(given: argparse.Namespace) -> int:
    """Each command is imported when it is called: boto3, pulumi and httpx take most of a second."""
    match given.command:
        case "verify":
            from . import verify

            return verify.run(given)
        case "tail":
            from . import tail

            return tail.run(given)
        case "replay":
            from . import replay

            return replay.run(given)
        case "dead-letters":
            from . import dead_letters

            return dead_letters.run(given)
        case _:
            from . import trigger

            return trigger.run(given)


def end(number: int, _: object) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
