"""No secret shows, whatever happens to a stack: each is looked for in all that is printed, logged or left behind.

The engine masks by itself what is secret in the config, and nothing else; so none of these is.
"""

import base64
import html
import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote, urlencode

import httpx
import pytest

from sandbox.genesys import oauth
from tests.support.canaries import Place, files, forms, process_arguments, seen
from tests.support.project import Project, project
from tests.support.waiting import until
from tools.stack import recover

WEBHOOKS = "/api/v2/events/webhooks"
PROGRAM = """\
import os

key = SigningKey("key", SigningKeyArgs(rotation={rotation}))
generated = webhook("generated", signing_key=key.key, enabled={enabled})
plain = webhook(
    "plain", signing_key=os.environ["PLAIN_KEY"], header_overrides={{"X-Key": os.environ["PLAIN_HEADER"]}},
    enabled={enabled},
)
marked = webhook(
    "marked", signing_key=pulumi.Output.secret(os.environ["MARKED_KEY"]), enabled={enabled},
    header_overrides={{"X-Key": pulumi.Output.secret(os.environ["MARKED_HEADER"]), "X-Other": "no secret"}},
)
subscription(webhook_id=plain.id)
for each in (generated, plain, marked):
    pulumi.export(each._name, {{"key": each.signing_key, "headers": each.header_overrides, "id": each.id}})
pulumi.export("key", key.key)
"""
FROM_THE_ENVIRONMENT = ("PLAIN_KEY", "PLAIN_HEADER", "MARKED_KEY", "MARKED_HEADER", "GENESYS_CLIENT_SECRET")
ADDED, ADDED_TO_NONE, CHANGED, ADDED_LATER = "a header added", "one added to none", "one changed", "one added later"


def canary(name: str) -> str:
    """With characters that encodings change. Another one in each run: nobody else's is found."""
    return f"""{name} ü?>~"<&'\\+/={secrets.token_hex(8)}=/+\\'&<"~>?ü"""


@pytest.fixture
def canaries(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """By what they are. The emulator takes this client secret beside its own, and gives out this token."""
    found = {name: canary(name) for name in (*FROM_THE_ENVIRONMENT, ADDED, ADDED_TO_NONE, CHANGED, ADDED_LATER)}
    right = ("sandbox-secret", found["GENESYS_CLIENT_SECRET"])
    monkeypatch.setattr(oauth.Tokens, "_right", lambda _, id_, secret: id_ == "sandbox-client" and secret in right)
    token = f"the~token+/{secrets.token_hex(8)}+/=="
    monkeypatch.setattr(oauth, "secrets", SimpleNamespace(token_urlsafe=lambda _: token))
    return {**found, "the token": token, "Basic": f"sandbox-client:{found['GENESYS_CLIENT_SECRET']}"}


@dataclass
class Watch:
    """All the places where something of a project could show."""

    it: Project
    arguments: set[bytes]
    runs: int = 0

    def events(self) -> tuple[str, str]:
        """Have the engine write down its events as well."""
        self.runs += 1
        return "--event-log", str(self.it.folder / f"events-{self.runs}.json")

    def places(self) -> Iterator[Place]:
        yield from ((f"output {number}", text.encode()) for number, text in enumerate(self.it.output))
        yield "the exported state", json.dumps(self.it.stack.export()).encode()
        yield "the call log", json.dumps(self.it.emulator.door("GET", "calls")).encode()
        yield "process arguments", b"\n".join(self.arguments)
        yield from files(self.it.folder)


@contextmanager
def watched(folder: Path, environ: Mapping[str, str]) -> Iterator[Watch]:
    """A project whose temporary files are its own too."""
    (folder / "tmp").mkdir()
    environ = {**environ, "TMPDIR": str(folder / "tmp"), "PULUMI_DEBUG_COMMANDS": "true"}
    with process_arguments() as arguments, project(folder, environ) as it:
        yield Watch(it, arguments)


def test_no_secret_shows_in_the_life_of_a_stack(
    tmp_path: Path, canaries: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    with watched(tmp_path, {name: canaries[name] for name in FROM_THE_ENVIRONMENT}) as watch:
        it, emulator = watch.it, watch.it.emulator
        webhooks = emulator.served.cloud.webhooks.items

        def look(after: str) -> None:
            """Nothing of what is known by now shows."""
            for webhook in webhooks.values():
                if (key := webhook.signing_key or "") not in canaries.values():
                    canaries[f"the key of {webhook.name} after {after}"] = key
            it.output += capfd.readouterr()
            found = seen(canaries, watch.places())
            assert not found, after
            emulator.door("DELETE", "calls")

        def by_hand(name: str, **headers: str) -> None:
            [webhook] = [each for each in emulator.entities("webhook") if each["name"] == f"it-local-{name}"]
            emulator.change("webhook", webhook["id"], headerOverrides={**webhook["headerOverrides"], **headers})

        it.program(PROGRAM.format(rotation=1, enabled=True))
        it.pulumi("up", *watch.events())
        look("up")

        it.program(PROGRAM.format(rotation=2, enabled=False))
        it.pulumi("up", "--diff", *watch.events())
        look("a changed up")

        by_hand("plain", Added=canaries[ADDED])
        by_hand("generated", Added=canaries[ADDED_TO_NONE])
        by_hand("marked", **{"X-Key": canaries[CHANGED]})
        it.pulumi("refresh", "--diff", *watch.events())
        it.pulumi("preview", "--diff", "--show-sames", *watch.events())
        it.pulumi("preview", "--json")
        it.pulumi("stack", "output", "--json")
        look("a refresh that found drift")

        own = [canaries["GENESYS_CLIENT_SECRET"], canaries["Basic"]]
        repeat(it, "POST", "/oauth/token", *own)
        text = it.pulumi("up", *watch.events(), fails=True)
        assert "[secret]" in text
        for webhook in webhooks.values():  # what it was sent, and what it was told when it was looked for
            told = [canaries["the token"], webhook.signing_key or "", *webhook.header_overrides.values()]
            sent = [
                canaries[name] for name in FROM_THE_ENVIRONMENT if webhook.name.endswith(name.split("_")[0].lower())
            ]
            repeat(it, "PUT", f"{WEBHOOKS}/{webhook.id}", *own, *told, *sent)
        text = it.pulumi("up", *watch.events(), fails=True)
        assert text.count("[secret]") > 100, "the server did repeat what it was sent"
        look("a failing up")
        emulator.door("DELETE", "faults")  # an update that another one's failure stopped did not meet its own

        by_hand("plain", Another=canaries[ADDED_LATER])
        it.pulumi("up", "--refresh", "--diff", *watch.events())
        look("up --refresh")

        it.program(PROGRAM.format(rotation=3, enabled=True))
        emulator.fault("PUT", f"{WEBHOOKS}/{{id}}", hold=True, when="after")
        with it.running("up", *watch.events()) as run:
            until(emulator.held, "a webhook is being changed")
            run.kill("the engine")
        emulator.door("DELETE", "held")
        look("a killed up")

        done = subprocess.run(recover(it.stack), cwd=it.folder, env=it.stack.environ, capture_output=True, text=True)
        it.output += [done.stdout, done.stderr]
        assert done.returncode == 0, done.stderr
        look("recover")

        it.pulumi("destroy", *watch.events())
        look("destroy")


def repeat(it: Project, method: str, path: str, *secrets: str) -> None:
    """The next request is refused, and the answer has each of the secrets in it, in every form."""
    shapes = [form for secret in secrets for form in sorted(forms(secret))]
    details = [{"fieldName": shape, "errorCode": "invalid"} for shape in shapes]
    long = "x" * (301 - len(secrets[0])) + secrets[0]  # what is too long is cut off: not within a secret
    body = {"code": secrets[0], "message": long, "error": secrets[0], "error_description": long, "details": details}
    it.emulator.fault(method, path, status=400, body=body)


# The search itself: what is put there on purpose is seen.

SECRET = canary("planted")
ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64, one byte on": lambda text: base64.b64encode(f"{{{text}}}".encode()).decode(),
    "base64, two bytes on": lambda text: base64.b64encode(f"a:{text} ".encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(f"{{{text}}}".encode()).decode(),
    "Basic": lambda text: next(httpx.BasicAuth("a-client", text).auth_flow(httpx.Request("GET", "http://x"))).headers[
        "Authorization"
    ],
    "in a URL": lambda text: quote(text, safe=""),
    "in a URL of another writer": lambda text: quote(text, safe="").lower(),
    "in a form": lambda text: urlencode({"secret": text}),
    "in JSON": lambda text: json.dumps({"secret": text}),
    "in JSON in JSON": lambda text: json.dumps(json.dumps({"secret": text}, ensure_ascii=False)),
    "in Python": repr,
    "in HTML": html.escape,
    "cut off": lambda text: text[3:-3],
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_secret_is_seen_in_each_form(encoding: str) -> None:
    shown = f"before {ENCODINGS[encoding](SECRET)} behind"
    assert seen({"it": SECRET}, [("here", shown.encode())]) == ["it in here"]
    assert seen({"it": canary("another")}, [("here", shown.encode())]) == []


def test_a_secret_is_seen_in_each_place(tmp_path: Path) -> None:
    with watched(tmp_path, {"PLANTED": SECRET}) as watch:
        watch.it.program("import os\npulumi.export('planted', os.environ['PLANTED'])\n")
        watch.it.pulumi("up", *watch.events())
        watch.it.emulator.http.get(f"/{quote(SECRET, safe='')}")
        (tmp_path / "tmp" / f"{SECRET.replace('/', '')}.txt").touch()
        found = {each.removeprefix("it in ") for each in seen({"it": SECRET}, watch.places())}
    patterns = (
        "output 0",
        "the exported state",
        "the call log",
        ".sandbox/state/.pulumi/stacks/it/local.json",
        ".sandbox/state/.pulumi/history/it/local/*.checkpoint.json",
        "events-1.json",
        "tmp/*.txt",
    )
    assert [pattern for pattern in patterns if not any(fnmatch(each, pattern) for each in found)] == []


def test_a_secret_is_seen_among_the_arguments_of_a_process() -> None:
    with (
        process_arguments() as lines,
        subprocess.Popen([sys.executable, "-c", "input()", SECRET], stdin=subprocess.PIPE) as process,
    ):
        until(lambda: seen({"it": SECRET}, [("arguments", b"".join(lines))]), "the process is seen")
        process.communicate(b"\n")
