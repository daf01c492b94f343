"""What users see of their program, with the real engine; and that nothing of it outlives the engine."""

import re
import signal
import subprocess

from sandbox.processes import alive, find, send
from tests.support.tools import Tiny
from tests.support.waiting import until

SLOW = """
import os, time
from pathlib import Path
import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider

class Slow(ResourceProvider):
    def create(self, props):
        Path(props["notes"], "provider").write_text(f"{os.getpid()}\\n")
        if not Path(props["notes"], "quick").exists():
            time.sleep(120)
        return CreateResult("id", props)

class Thing(Resource):
    def __init__(self, name, notes):
        super().__init__(Slow(), name, {"notes": notes})

notes = os.getcwd()
Path(notes, "program").write_text(f"{os.getpid()}\\n")
Thing("thing", notes)
"""


def errors(text: str) -> list[str]:
    """The `error:` lines of the final report; while it runs, the engine shows them beside the resource too."""
    return re.findall(r"^\s*(error: .*)$", text.partition("Diagnostics:")[2] or text, re.MULTILINE)


def test_a_run_error_is_one_line(tiny: Tiny) -> None:
    code, text = tiny.up("import pulumi\nraise pulumi.RunError('tiny:x is 1; write 2')")
    assert code != 0
    assert errors(text) == ["error: tiny:x is 1; write 2"]
    assert "Traceback" not in text


def test_an_exception_shows_the_programs_own_traceback(tiny: Tiny) -> None:
    code, text = tiny.up("def half(x):\n    return 1 / x\n\nhalf(0)\n")
    assert code != 0
    assert errors(text) == ["error: Program failed with an unhandled exception:"]
    assert re.search(
        r"Traceback \(most recent call last\):\n"
        rf'\s+File "{tiny.folder}/__main__.py", line 4, in <module>\n'
        r"\s+half\(0\)\n",
        text,
    ), text
    assert "ZeroDivisionError: division by zero" in text
    assert "language_host" not in text
    assert "runpy" not in text


def test_an_exception_in_an_apply_is_reported_too(tiny: Tiny) -> None:
    code, text = tiny.up("import pulumi\npulumi.Output.from_input(0).apply(lambda x: 1 / x)")
    assert code != 0
    assert errors(text) == ["error: Program failed with an unhandled exception:"]
    assert "ZeroDivisionError" in text
    assert "never retrieved" not in text


def test_what_sys_exit_means(tiny: Tiny) -> None:
    assert tiny.up("import sys\nsys.exit(0)")[0] == 0
    code, text = tiny.up("import sys\nsys.exit('no more')")
    assert code != 0
    assert "no more" in text
    assert len(errors(text)) == 1
    assert "exit code: 1" in errors(text)[0]
    code, text = tiny.up("import pulumi, sys\npulumi.log.error('said')\nsys.exit(32)")
    assert code != 0
    assert errors(text) == ["error: said"]


def test_the_program_sees_what_it_would_see_under_the_official_host(tiny: Tiny) -> None:
    (tiny.folder / "beside.py").write_text("here = True\n")
    (tiny.folder / "Pulumi.local.yaml").write_text("config:\n  tiny:open: shown\n")
    code, text = tiny.up(
        "import os, sys\nimport pulumi\nimport beside\n"
        "print('to stdout')\nprint('to stderr', file=sys.stderr)\n"
        "config = pulumi.Config()\n"
        "for key, value in {'project': pulumi.get_project(), 'stack': pulumi.get_stack(), 'argv': sys.argv[0],\n"
        "    'organization': pulumi.get_organization(), 'preview': pulumi.runtime.is_dry_run(), 'cwd': os.getcwd(),\n"
        "    'open': config.get('open'), 'secret': config.get_secret('shut'),\n"
        "    'path': os.environ.get('PYTHONPATH', ''), 'root': pulumi.runtime.get_root_directory()}.items():\n"
        "    pulumi.export(key, value)\n"
    )
    assert code == 0, text
    assert "to stdout" in text
    assert "to stderr" in text
    assert "warning" not in text
    folder = str(tiny.folder)
    outputs = tiny.stack.outputs()
    assert outputs.pop("secret", None) is None
    assert outputs == {
        "project": "tiny",
        "stack": "local",
        "argv": folder,
        "organization": "organization",
        "preview": False,
        "cwd": folder,
        "open": "shown",
        "path": "",
        "root": folder,
    }


def test_secrets_of_the_config_stay_secret(tiny: Tiny) -> None:
    stack = tiny.stack
    tiny.program("import pulumi\npulumi.export('x', pulumi.Config().require_secret('shut'))\n")
    assert stack.run("preview")[0] != 0
    assert stack.run("config", "set", "--secret", "shut", "hunter2")[0] == 0
    code, text = stack.run("up")
    assert code == 0, text
    assert "hunter2" not in text
    assert "hunter2" not in str(stack.export())
    assert stack.outputs(secrets=True) == {"x": "hunter2"}


def test_no_command_has_anything_to_warn_of(tiny: Tiny) -> None:
    tiny.program("import pulumi\npulumi.export('x', 1)\n")
    stack = tiny.stack
    said = {}
    for command in ("up", "preview", "refresh", "about", "destroy"):
        code, said[command] = stack.run(command)
        assert code == 0, said[command]
        assert "warning" not in said[command].lower()
    assert re.search(r"^resource\s+aws\s", said["about"], re.MULTILINE)
    assert re.search(r"^httpx\s", said["about"], re.MULTILINE)
    install = [str(stack.engine.path), "install"]
    text = subprocess.check_output(install, cwd=tiny.folder, env=stack.environ, stderr=subprocess.STDOUT, text=True)
    assert "warning" not in text.lower()


def test_each_run_of_a_program_begins_anew(tiny: Tiny) -> None:
    """Preview and update are two runs of one command."""
    (tiny.folder / "beside.py").write_text("runs = 0\n")
    tiny.program("import pulumi, beside\nbeside.runs += 1\npulumi.export('runs', beside.runs)\n")
    assert tiny.stack.run("up")[0] == 0
    assert tiny.stack.outputs() == {"runs": 1}


def test_a_killed_engine_takes_its_plugins_along_and_the_next_up_is_well(tiny: Tiny) -> None:
    tiny.program(SLOW)
    stack = tiny.stack
    provider, program = tiny.folder / "provider", tiny.folder / "program"
    line = stack.prepare("up", "--skip-preview")
    with subprocess.Popen(
        line, cwd=tiny.folder, env=stack.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        until(lambda: provider.exists() and provider.read_text().endswith("\n"), "the creation has begun")
        plugins = [process for file in (provider, program) if (process := find(int(file.read_text())))]
        assert len(plugins) == 2
        running.kill()
    try:
        until(lambda: not any(map(alive, plugins)), "they end with their engine, and not with their work")
    finally:
        send(plugins, signal.SIGKILL)

    (tiny.folder / "quick").touch()
    code, text = stack.run("up")
    assert code == 0, text
    assert list(stack.locks()) == []
