"""Tiny projects for the real engine, and a sandbox of which nothing but its health is there."""

import http.server
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.serving import serving
from tools.stack import ROOT, Stack


@dataclass
class Health:
    """What a sandbox with no cloud in it says of itself, on two ports."""

    instance: str
    directory: str = ""
    ports: tuple[int, int] = (0, 0)

    @property
    def environ(self) -> dict[str, str]:
        return {"SANDBOX_AWS_PORT": str(self.ports[0]), "SANDBOX_GENESYS_PORT": str(self.ports[1])}


@pytest.fixture
def health() -> Iterator[Health]:
    """A sandbox's health, on free ports."""
    it = Health("instance-1")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told = {"service": "both", "instance": it.instance, "ready": True, "directory": it.directory}
            body = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with serving(Handler) as one, serving(Handler) as other:
        it.ports = (one, other)
        yield it


@dataclass
class Tiny:
    """A project whose program a test writes, in a folder with a space in its name."""

    folder: Path
    environ: dict[str, str]
    """What stands for this test's sandbox in the environment of a command."""

    @property
    def stack(self) -> Stack:
        return Stack("local", project=self.folder, directory=Path(self.environ["SANDBOX_DIR"]), environ=self.environ)

    def program(self, text: str) -> None:
        (self.folder / "__main__.py").write_text(text)

    def up(self, program: str) -> tuple[int, str]:
        self.program(program)
        return self.stack.run("up", "--skip-preview")


@pytest.fixture
def tiny(tmp_path: Path, health: Health) -> Tiny:
    folder = tmp_path / "a project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: tiny\nruntime: python\n")
    (folder / "Pulumi.local.yaml").write_text("config:\n  tiny:url: http://127.0.0.1:4566/\n")
    (folder / "sandbox").symlink_to(ROOT / "sandbox")
    (folder / "tools").symlink_to(ROOT / "tools")  # so `python -m tools.stack` in this folder is about this project
    return Tiny(folder, {**health.environ, "SANDBOX_DIR": str(tmp_path / "a sandbox")})
