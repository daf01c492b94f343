"""`up` is killed while it rotates the signing key: the receiver has the new key already, Genesys Cloud still signs with
the old one. Deliveries go on, and the next `up` ends right."""

import base64
import hashlib
import hmac
import json
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from sandbox import processes
from tests.support.deployment import SECONDS, Deployment, deployment
from tests.support.waiting import until


@pytest.fixture
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("rotation")) as it:
        it.pulumi("up", "--yes", "--skip-preview")
        yield it


def killed_up(it: Deployment) -> None:
    """`up`, whose engine is killed while the webhook's change is under way, which then is never made."""
    path = f"/api/v2/events/webhooks/{it.stack.outputs()['webhookId']}"
    fault = {"path": path, "method": "PUT", "when": "before", "hold": True, "drop": True}
    it.genesys("POST", "/_sandbox/faults", fault)
    with (it.directory / "killed.log").open("wb") as log:
        line = it.stack.prepare("up", "--skip-preview")
        engine = subprocess.Popen(
            line, cwd=it.stack.project, env=it.stack.environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    left: set[processes.Process] = set()
    try:
        until(lambda: it.genesys("GET", "/_sandbox/held")["calls"], "the webhook is being changed")
        leader = processes.find(engine.pid)
        assert leader, (it.directory / "killed.log").read_text()
        left = processes.family(leader)
    finally:
        engine.kill()
        engine.wait()
    try:
        until(lambda: not any(processes.alive(each) for each in left), "its plugins have ended")
    finally:
        processes.send(left, signal.SIGKILL)
    it.genesys("DELETE", "/_sandbox/held")
    it.genesys("DELETE", "/_sandbox/faults")


def key(it: Deployment, stage: str) -> str:
    arn = it.stack.outputs()["signingSecretArn"]
    found: str = it.client("secretsmanager").get_secret_value(SecretId=arn, VersionStage=stage)["SecretString"]
    return found


def posted(it: Deployment, signing_key: str) -> int:
    """How an event that is signed with this key is answered."""
    moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body = json.dumps({"topicName": "v2.users.1.presence", "eventBody": {}, "timestamp": moment}).encode()
    digest = base64.b64encode(hmac.new(signing_key.encode(), body, hashlib.sha256).digest()).decode()
    request = urllib.request.Request(it.stack.outputs()["destinationUrl"], data=body, method="POST")
    request.add_header("X-Hub-Signature-256", f"sha256={digest}")
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def delivered(it: Deployment) -> list[list[int]]:
    """The answers to each of five deliveries."""
    found = []
    for _ in range(5):
        [delivery] = it.emit({"kind": "acd.start"})["deliveries"]
        found.append([attempt["statusCode"] for attempt in it.attempts(delivery, 1)])
    return found


def test_deliveries_go_on_when_up_is_killed_between_the_secret_and_the_webhook(deployed: Deployment) -> None:
    old = key(deployed, "AWSCURRENT")
    assert delivered(deployed) == [[200]] * 5
    deployed.configure("signingKeyRotation", 2)
    killed_up(deployed)
    new = key(deployed, "AWSCURRENT")
    assert new != old
    assert key(deployed, "AWSPREVIOUS") == old
    assert delivered(deployed) == [[200]] * 5

    deployed.pulumi("up", "--yes", "--skip-preview")
    assert key(deployed, "AWSCURRENT") == new, "a second new key would be one too many: the first was never used"
    assert key(deployed, "AWSPREVIOUS") == old
    assert delivered(deployed) == [[200]] * 5
    assert posted(deployed, old) == 200
    deployed.pulumi("preview", "--expect-no-changes")

    arn = deployed.stack.outputs()["signingSecretArn"]
    deployed.aws("POST", "secret-age", {"arn": arn, "seconds": 60 * 1440})

    def refused() -> bool:
        """Only a signature that fits no key makes an instance look again, after five seconds."""
        posted(deployed, "wrong")
        return posted(deployed, old) == 401

    until(refused, "the overlap is over", SECONDS)
    assert delivered(deployed) == [[200]] * 5
