"""What others have made stays as it is, whatever it is called, through the real engine."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.project import Object, Project, project

HOOKS = "/api/v2/events/webhooks"


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Project]:
    """With a webhook and its subscription."""
    with project(tmp_path) as it:
        it.program("hook = webhook('hook')\nsubscription('queues', hook.id)\n")
        it.pulumi("up")
        yield it


def test_a_users_own_webhook_of_the_same_name_is_never_touched(tmp_path: Path) -> None:
    with project(tmp_path) as it:
        theirs = it.emulator.by_hand(
            "POST", HOOKS, {"name": "it-local-hook", "destinationUrl": "https://example.org/theirs"}
        )
        it.program("webhook('hook')")
        for command in ("up", "up"):
            text = it.pulumi(command, fails=True)
            [line] = [line for line in text.splitlines() if re.match(r"\s*error: GenesysError: ", line)][:1]
            assert f"there is a webhook 'it-local-hook' already ({theirs['id']}), which no stack made" in line
            assert f"set `adopt` to {theirs['id']}" in line
        it.pulumi("refresh")
        it.program("webhook('hook', name='ours')")
        it.pulumi("up")
        it.program("webhook('hook')")
        assert "409" in it.pulumi("up", fails=True), "nor by renaming ours to its name"
        it.pulumi("destroy")
        assert it.emulator.entities("webhook") == [theirs]


def test_it_can_be_adopted_and_kept_by_destroy(tmp_path: Path) -> None:
    with project(tmp_path) as it:
        theirs = it.emulator.by_hand("POST", HOOKS, {"name": "theirs", "destinationUrl": "https://example.org"})
        it.program(f"webhook('hook', adopt={theirs['id']!r}, opts=pulumi.ResourceOptions(retain_on_delete=True))")
        it.pulumi("up")
        [adopted] = it.emulator.entities("webhook")
        assert (adopted["id"], adopted["name"]) == (theirs["id"], "it-local-hook")
        it.program("webhook('hook', opts=pulumi.ResourceOptions(retain_on_delete=True))")
        it.pulumi("up", "--expect-no-changes")
        it.pulumi("destroy")
        assert it.emulator.entities("webhook") == [adopted]


def test_what_another_stack_has_adopted_is_not_taken_back_and_not_deleted(tmp_path: Path) -> None:
    with project(tmp_path) as it:
        it.program("webhook('hook')")
        it.pulumi("up")
        [made] = it.emulator.entities("webhook")
        it.emulator.calls()
        it.emulator.change("webhook", made["id"], description="[pulumi:it/other/hook]")
        [theirs] = it.emulator.entities("webhook")
        [line] = errors(it.pulumi("up", "--refresh", fails=True))
        assert f"webhook {made['id']} belongs to it/other/hook now" in line
        text = it.pulumi("destroy")
        assert f"warning: webhook {made['id']} belongs to it/other/hook now: it was left alone" in text
        assert it.emulator.entities("webhook") == [theirs]
        assert it.resources() == []


GROUPS = """\
class Group(pulumi.ComponentResource):
    def __init__(self, type, name):
        super().__init__(f"app:{type}", name)

def within(group, **options):
    return pulumi.ResourceOptions(parent=group, **options)

"""


@pytest.mark.full
def test_what_moves_into_a_component_needs_an_alias_and_keeps_its_objects(it: Project) -> None:
    before = objects(it)
    moved = f"{GROUPS}group = Group('Group', 'group')\n" + (
        "hook = webhook('hook', within(group, ALIASES))\nsubscription('queues', hook.id, within(group, ALIASES))\n"
    )
    it.program(moved.replace(", ALIASES", ""))
    [line] = errors(it.pulumi("up", fails=True))
    assert f"there is a webhook 'it-local-hook' already ({before[0]['id']})" in line
    assert "give it an alias of it/local/hook" in line
    assert objects(it) == before

    it.emulator.calls()
    it.program(moved.replace("ALIASES", "aliases=[pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)]"))
    it.pulumi("up")
    changing = [call.split()[0] for call in it.emulator.calls() if not call.startswith("GET")]
    assert changing == ["POST", "PUT", "PUT"], "the token, and both objects in place"
    assert [each["id"] for each in objects(it)] == [each["id"] for each in before]
    assert [each["description"] for each in objects(it)] == [
        "[pulumi:it/local/app:Group::hook]",
        "[pulumi:it/local/app:Group::queues]",
    ]
    it.pulumi("up", "--refresh", "--expect-no-changes")


@pytest.mark.full
def test_of_two_components_with_a_child_of_one_name_each_keeps_its_own(tmp_path: Path) -> None:
    left = "webhook('hook', within(Group('Left', 'it')))\n"
    right = left.replace("Left", "Right")
    right_named = right.replace("))\n", "), name='right')\n")
    with project(tmp_path) as it:
        it.program(f"{GROUPS}{left}")
        it.pulumi("up")
        [theirs] = objects(it)
        it.program(f"{GROUPS}{left}{right}")
        [line] = errors(it.pulumi("up", fails=True))
        assert f"there is a webhook 'it-local-hook' already ({theirs['id']})" in line
        assert "belongs to it/local/app:Left::hook: choose another `name`" in line
        assert objects(it) == [theirs]

        it.program(f"{GROUPS}{left}{right_named}")
        it.pulumi("up")
        assert [each["name"] for each in objects(it)] == ["it-local-hook", "right"]
        it.program(f"{GROUPS}{right_named}")
        it.pulumi("up")
        assert [each["name"] for each in objects(it)] == ["right"]
        it.pulumi("up", "--refresh", "--expect-no-changes")


RENAMED = (
    "hook = webhook('new', pulumi.ResourceOptions(aliases=[pulumi.Alias(name='hook')]))\n"
    "subscription('other', hook.id, pulumi.ResourceOptions(aliases=[pulumi.Alias(name='queues')]))\n"
)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--refresh",),
        pytest.param(("--refresh", "--run-program"), marks=pytest.mark.full),
        pytest.param(("--replace", "hook"), marks=pytest.mark.full),
        pytest.param((), marks=pytest.mark.full),
    ],
    ids=" ".join,
)
def test_an_alias_is_an_update_whatever_else_the_run_does(arguments: tuple[str, ...], it: Project) -> None:
    before = objects(it)
    if "--replace" in arguments:
        arguments = ("--replace", it.urn("hook"))
        it.program("hook = webhook('hook')\n" + RENAMED.partition("\n")[2])
    else:
        it.program(RENAMED)
    it.pulumi("up", *arguments)
    kept = [each["id"] for each in objects(it) if "--replace" not in arguments or each["name"] == "it-local-other"]
    assert kept == [each["id"] for each in before][-len(kept) :]
    assert it.emulator.entities("subscription")[0]["webhookId"] == it.emulator.entities("webhook")[0]["id"]
    it.pulumi("up", "--refresh", "--expect-no-changes")


@pytest.mark.full
def test_an_alias_whose_run_was_killed_is_one_with_the_same_command(it: Project) -> None:
    before = objects(it)
    it.program(RENAMED)
    it.killed_up("PUT", "/api/v2/events/webhooks/{id}")
    it.pulumi("up")
    assert [each["id"] for each in objects(it)] == [each["id"] for each in before]
    assert [each["name"] for each in objects(it)] == ["it-local-new", "it-local-other"]
    it.pulumi("up", "--refresh", "--expect-no-changes")


@pytest.mark.full
@pytest.mark.parametrize("stays", ["a", "b"])
def test_of_two_resources_that_a_state_has_for_one_object_one_can_leave(stays: str, tmp_path: Path) -> None:
    with project(tmp_path) as it:
        it.program("webhook('a')\nwebhook('b')\n")
        it.pulumi("up")
        state = it.stack.export()
        a, b = sorted(
            (each for each in state["deployment"]["resources"] if each["urn"].endswith(("::a", "::b"))),
            key=lambda each: str(each["urn"]),
        )
        it.emulator.calls()
        it.emulator.by_hand("DELETE", f"/api/v2/events/webhooks/{b['id']}")
        b["id"] = a["id"]
        file = tmp_path / "state.json"
        file.write_text(json.dumps(state))
        assert it.stack.captured("stack", "import", "--file", str(file)).returncode == 0
        it.pulumi("refresh")
        assert "in this program already" in it.pulumi("up", fails=True)
        it.program(f"webhook('{stays}')")
        assert f"webhook {a['id']} is left alone" in it.pulumi("up", "--refresh")
        assert [each["id"] for each in objects(it)] == [a["id"]] == [each["id"] for each in it.resources()]


def objects(it: Project) -> list[Object]:
    return it.emulator.entities("webhook") + it.emulator.entities("subscription")


def errors(text: str) -> list[str]:
    """Each error of ours, once: Pulumi says it while it happens, and again at the end."""
    return list(dict.fromkeys(re.findall(r"^\s*error: (GenesysError: .*)$", text, re.MULTILINE)))
