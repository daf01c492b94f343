"""With the real engine: what the user of `pulumi` sees."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.launcher import free_port
from tests.support.aws_plugin import ROOT, SERVICES, Emulator

BUILT = ROOT / "tools" / "bin" / "pulumi"
ENGINE = str(BUILT) if BUILT.exists() else shutil.which("pulumi")
pytestmark = pytest.mark.skipif(ENGINE is None, reason="there is no Pulumi engine; `make test` finds or builds one")

PROGRAM = """
import json
import pathlib
import pulumi
import pulumi_aws as aws

is_ = json.loads(pathlib.Path("settings.json").read_text())
name, tags = is_["name"], {"app": "x"}
bus = aws.cloudwatch.EventBus("bus", name=name, description=is_.get("description"), tags=tags)
connection = aws.cloudwatch.EventConnection(
    "connection",
    name=name,
    authorization_type="API_KEY",
    auth_parameters={"api_key": {"key": "X-Key", "value": is_["key"]}},
)
destination = aws.cloudwatch.EventApiDestination(
    "destination",
    name=name,
    connection_arn=connection.arn,
    http_method="POST",
    invocation_endpoint="https://example.com",
    invocation_rate_limit_per_second=is_.get("rate", 1),
)
secret = aws.secretsmanager.Secret("secret", name_prefix=f"{name}-", recovery_window_in_days=0, tags=tags)
version = aws.secretsmanager.SecretVersion("version", secret_id=secret.arn, secret_string=is_["key"])
statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
role = aws.iam.Role(
    "role", name=name, assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
)
function = aws.lambda_.Function(
    "function",
    name=name,
    role=role.arn,
    runtime="python3.13",
    handler="main.handle",
    code=pulumi.AssetArchive({"main.py": pulumi.StringAsset(is_.get("code", "def handle(e, c): return 1"))}),
    environment={"variables": {"VERSION": version.version_id}},
)
queue = aws.sqs.Queue("queue", tags=tags)
pulumi.export("url", destination.invocation_endpoint)
pulumi.export("account", aws.get_caller_identity_output().account_id)
"""

PARTNER_PROGRAM = """
import json
import pathlib

is_ = json.loads(pathlib.Path("settings.json").read_text())
bus = aws.cloudwatch.EventBus("bus", name=is_["source"], event_source_name=is_["source"])
rule = aws.cloudwatch.EventRule(
    "rule", name=is_["name"], event_bus_name=bus.name, event_pattern='{"source": [{"prefix": "aws.partner/"}]}'
)
queue = aws.sqs.Queue("queue")
aws.cloudwatch.EventTarget("target", rule=rule.name, event_bus_name=bus.name, target_id="tap", arn=queue.arn)
"""


@dataclass
class Project:
    """A stack with a state of its own."""

    directory: Path
    url: str
    name: str

    def program(self, text: str) -> None:
        (self.directory / "__main__.py").write_text(f"import pulumi_aws as aws\n{text}\n")

    def set(self, **settings: Any) -> None:
        settings = {"name": self.name, "key": "the-first-secret-key", **settings}
        (self.directory / "settings.json").write_text(json.dumps(settings))

    def configure(self, url: str, **more: Any) -> None:
        config = {
            "aws:region": "us-east-1",
            "aws:allowedAccountIds": ["000000000000"],
            "aws:defaultTags": {"tags": {"owner": "us"}},
            "aws:endpoints": [dict.fromkeys(SERVICES, url)],
            **more,
        }
        (self.directory / "Pulumi.test.yaml").write_text(yaml.safe_dump({"config": config}))

    def pulumi(self, *arguments: str, fails: bool = False) -> str:
        assert ENGINE
        path = [str(Path(ENGINE).parent), str(ROOT / "tools" / "launchers"), os.environ["PATH"]]
        done = subprocess.run(
            [ENGINE, *arguments, "--non-interactive"],
            cwd=self.directory,
            env={
                "PATH": os.pathsep.join(path),
                "HOME": str(self.directory),
                "PULUMI_HOME": str(self.directory / "home"),
                "PULUMI_BACKEND_URL": f"file://{self.directory / 'state'}",
                "PULUMI_CONFIG_PASSPHRASE": "test",
                "PULUMI_SKIP_UPDATE_CHECK": "true",
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) == fails, done.stdout
        return done.stdout

    def up(self, *arguments: str, **more: Any) -> str:
        return self.pulumi("up", "--yes", "--skip-preview", "--stack", "test", *arguments, **more)

    def errors(self, *arguments: str) -> list[str]:
        """The `error:` lines of a command that fails, as the diagnostics at its end have them."""
        text = self.pulumi(*arguments, "--stack", "test", fails=True).partition("Diagnostics:")[2]
        assert "Traceback" not in text
        return [line.strip() for line in text.splitlines() if "error:" in line]


@pytest.fixture
def project(tmp_path: Path, cloud: Emulator, name: str) -> Iterator[Project]:
    (tmp_path / "state").mkdir()
    options = {"virtualenv": str(ROOT / ".venv")}
    runtime = {"name": "python", "options": options}
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "plugin-test", "runtime": runtime}))
    made = Project(tmp_path, cloud.url, name)
    made.pulumi("stack", "init", "test")
    made.configure(cloud.url)
    yield made
    made.configure(cloud.url)
    made.pulumi("destroy", "--yes", "--skip-preview", "--stack", "test")


@pytest.mark.full
def test_the_life_of_a_stack(project: Project, cloud: Emulator) -> None:
    project.program(PROGRAM)
    project.set()
    text = project.up()
    assert "9 created" in text
    assert 'url    : "https://example.com"' in text
    assert "9 unchanged" in project.up("--expect-no-changes")
    project.pulumi("preview", "--refresh", "--stack", "test", "--expect-no-changes")
    state = project.pulumi("stack", "export", "--stack", "test")
    assert "the-first-secret-key" not in state + text

    # By hand: one changed, one deleted.
    events, sqs = cloud.client("events"), cloud.client("sqs")
    events.update_event_bus(Name=project.name, Description="by hand")
    (queue,) = [url for url in sqs.list_queues()["QueueUrls"] if "/queue-" in url]
    sqs.delete_queue(QueueUrl=queue)
    text = project.up("--refresh", "--diff")
    assert '- description: "by hand"' in text
    assert "+ aws:sqs/queue:Queue: (create)" in text
    project.pulumi("preview", "--stack", "test", "--refresh", "--expect-no-changes")

    # In place, and anew: a new key makes a new version, then the function, and no other; the old label stays.
    project.set(key="the-second-secret-key", description="events", rate=2, code="def handle(e, c): return 2")
    text = project.up("--diff")
    assert "+-aws:secretsmanager/secretVersion:SecretVersion: (replace)" in text
    assert "~ description: " not in text
    assert '+ description: "events"' in text
    assert "~ invocationRateLimitPerSecond: 1 => 2" in text
    assert "~ value: [secret] => [secret]" in text
    assert "main.py" in text
    assert "~ 4 updated" in text
    assert "+-1 replaced" in text
    secrets = cloud.client("secretsmanager")
    (secret,) = [each for each in secrets.list_secrets()["SecretList"] if each["Name"].startswith(project.name)]
    labels = secrets.describe_secret(SecretId=secret["ARN"])["VersionIdsToStages"].values()
    assert sorted(label for each in labels for label in each) == ["AWSCURRENT", "AWSPREVIOUS"]

    assert "9 deleted" in project.pulumi("destroy", "--yes", "--skip-preview", "--stack", "test")
    assert project.name not in json.dumps(
        [
            events.list_event_buses()["EventBuses"],
            events.list_connections()["Connections"],
            events.list_api_destinations()["ApiDestinations"],
            secrets.list_secrets()["SecretList"],
            cloud.client("lambda").list_functions()["Functions"],
            cloud.client("iam").list_roles()["Roles"],
        ],
        default=str,
    )


def test_a_partners_bus(project: Project, cloud: Emulator) -> None:
    """It waits for its source, and with another source it is another bus, rules and all."""
    events = cloud.client("events")
    sources = [f"aws.partner/genesys.com/cloud/{project.name}/{suffix}" for suffix in ("one", "two")]
    project.program(PARTNER_PROGRAM)
    project.set(source=sources[0])
    said = f"CreateEventBus: ResourceNotFoundException: Event source {sources[0]} does not exist."
    assert any(said in error for error in project.errors("up", "--yes", "--skip-preview"))

    for source in sources:
        events.create_partner_event_source(Name=source, Account="000000000000")
        project.set(source=source)
        project.up()
        states = {each["Name"]: each["State"] for each in events.list_event_sources(NamePrefix=source)["EventSources"]}
        assert states == {source: "ACTIVE"}
        [rule] = events.list_rules(EventBusName=source)["Rules"]
        assert rule["Arn"].endswith(f":rule/{source}/{project.name}")
        assert len(events.list_targets_by_rule(Rule=project.name, EventBusName=source)["Targets"]) == 1
    assert events.describe_event_source(Name=sources[0])["State"] == "PENDING"
    project.pulumi("preview", "--refresh", "--stack", "test", "--expect-no-changes")

    project.pulumi("destroy", "--yes", "--skip-preview", "--stack", "test")
    assert events.list_event_buses(NamePrefix="aws.partner/genesys.com/cloud/" + project.name)["EventBuses"] == []
    assert events.describe_event_source(Name=sources[1])["State"] == "PENDING"
    for source in sources:
        events.delete_partner_event_source(Name=source, Account="000000000000")


def test_what_is_wrong_is_one_line(project: Project, cloud: Emulator) -> None:
    project.program("aws.sqs.Queue('one')\naws.sqs.Queue('two')\naws.get_region_output()")
    nowhere = f"http://127.0.0.1:{free_port()}"
    project.configure(nowhere)
    (error,) = project.errors("preview")
    assert error.endswith(f'no AWS answers at {nowhere}: start the sandbox with "make sandbox"')

    project.configure(cloud.url, **{"aws:allowedAccountIds": ["111122223333"]})
    (error,) = project.errors("up", "--yes", "--skip-preview")
    assert "this is account 000000000000, but aws:allowedAccountIds has 111122223333" in error

    project.configure(cloud.url)
    project.program("aws.sns.Topic('topic')")
    (error,) = project.errors("preview")
    assert "aws:sns/topic:Topic is not known to the stand-in for pulumi-aws; SANDBOX_AWS_PLUGIN=official" in error

    project.program("aws.sqs.Queue('queue', message_retention_seconds=1)")
    (error,) = project.errors("preview")
    assert "messageRetentionSeconds must be 60 to 1209600, not 1" in error


def test_what_is_half_made_is_finished_by_the_next_up(project: Project, cloud: Emulator) -> None:
    project.program(f"aws.cloudwatch.LogGroup('logs', name='{project.name}', retention_in_days=7)")
    cloud.fail("logs:PutRetentionPolicy", "AccessDeniedException", "not you")
    assert "PutRetentionPolicy: AccessDeniedException: not you" in project.up(fails=True)
    project.up()
    (group,) = cloud.client("logs").describe_log_groups(logGroupNamePrefix=project.name)["logGroups"]
    assert group["retentionInDays"] == 7
    project.pulumi("preview", "--stack", "test", "--expect-no-changes")
