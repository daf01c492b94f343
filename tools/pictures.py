"""`python -m tools.pictures`: docs/verify.svg and docs/tail.svg, from a real run on a sandbox of its own.

They show what a terminal showed; only the sandbox's ports, which differ each time, are written as the usual ones.
"""

import contextlib
import io
import os
import pty
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from sandbox.launcher import AWS_PORT, GENESYS_PORT, Sandbox, free_port
from tools import demo, ops
from tools.stack import ROOT, Stack

FORMAT = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
"""Without fonts from elsewhere: each reader's own monospace."""
WIDTH = 150


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        clouds = Sandbox(Path(folder), free_port(), free_port(), owner=os.getpid())
        with clouds:
            ports = {"SANDBOX_AWS_PORT": str(clouds.ports["aws"]), "SANDBOX_GENESYS_PORT": str(clouds.ports["genesys"])}
            stack = Stack("local", directory=Path(folder), environ=ports)
            code, text = stack.run("up", "--skip-preview")
            if code:
                sys.exit(f"error: up failed:\n{text}")

            def happen() -> None:
                for kind in demo.KINDS:
                    demo.emit(clouds, kind)

            for name, arguments, then in (("tail", ["--count", "3"], happen), ("verify", [], None)):
                shown = on_terminal(stack, name, arguments, then)
                for service, usual in (("aws", AWS_PORT), ("genesys", GENESYS_PORT)):
                    shown = shown.replace(f":{ports[f'SANDBOX_{service.upper()}_PORT']}", f":{usual}")
                (ROOT / "docs" / f"{name}.svg").write_text(picture(shown, f"make {name}"), encoding="utf-8")
    return 0


def on_terminal(stack: Stack, command: str, arguments: list[str], listening: Callable[[], None] | None) -> str:
    """What the command writes to a terminal; once it listens, `listening` is called."""
    ours, its = pty.openpty()
    environ = {**ops.environ(stack), "TERM": "xterm-256color", "TZ": "UTC"}
    environ.pop("NO_COLOR", None)
    line, text = ops.line(stack, command, *arguments), b""
    with subprocess.Popen(line, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=its, stderr=its):
        os.close(its)
        with contextlib.suppress(OSError):  # when nobody has it open any more
            while read := os.read(ours, 4096):
                text += read
                if listening and b"listening" in text:
                    listening()
                    listening = None
    os.close(ours)
    return text.decode().replace("\r\n", "\n")


def picture(text: str, title: str) -> str:
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(text))
    return console.export_svg(title=title, code_format=FORMAT, unique_id="terminal")


if __name__ == "__main__":
    sys.exit(main())
