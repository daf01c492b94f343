"""Detail types: few, the same for what is the same kind of event, and never with an id in them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingress.topics import KNOWN, Topics

ID = "2f7bf00a-0fc2-4d6a-9b56-92238191433e"


@pytest.mark.parametrize("template", KNOWN)
def test_a_known_topic_has_its_template_as_detail_type(template: str) -> None:
    topics = Topics()
    for id_ in (ID, "OAuthClient", "12345", "{id}"):
        topic = template.replace("{id}", id_)
        assert topics.template(topic) == topics.detail_type(topic) == template


@pytest.mark.parametrize(
    ("topic", "detail_type"),
    [
        (f"v2.things.{ID}.changed", "v2.things.{id}.changed"),
        (f"v2.things.{ID.upper()}", "v2.things.{id}"),
        (f"v2.things.{ID}.of.{ID}", "v2.things.{id}.of.{id}"),
        (f"v2.things.user_{ID}", "v2.things.user_{id}"),
        ("v2.things.12345.changed", "v2.things.{id}.changed"),
        ("v2.things.0.1", "v2.things.{id}.{id}"),
        ("v2.things.2f7bf00a0fc24d6a9b5692238191433e.changed", "v2.things.{id}.changed"),
        ("v2.things.changed", "v2.things.changed"),
        ("v2.things.deadbeef", "v2.things.deadbeef"),
        ("routing.queueEvent", "routing.queueEvent"),
        (f"v2.users.{ID}.presence.more", "v2.users.{id}.presence.more"),
        (f"xv2.users.{ID}.presence", "xv2.users.{id}.presence"),
        (f"v2xusers.{ID}.presence", "v2xusers.{id}.presence"),
        ("v2.users..presence", "v2.users..presence"),
        ("v2.users.a.b.presence", "v2.users.a.b.presence"),
        ("z" * 500, "z" * 128),
        ("é" * 500, "é" * 128),
    ],
)
def test_an_unknown_topic_loses_its_ids(topic: str, detail_type: str) -> None:
    topics = Topics()
    assert topics.template(topic) is None
    assert topics.detail_type(topic) == detail_type


def test_configured_templates_are_known_too() -> None:
    topics = Topics(["v2.things.{id}.named", "v2.{id}.{id}.presence"])
    assert topics.template("v2.things.by-name.named") == "v2.things.{id}.named"
    assert topics.template("v2.bots.7.presence") == "v2.{id}.{id}.presence"


def test_a_configured_template_does_not_rename_a_known_topic() -> None:
    assert Topics(["v2.{id}.{id}.presence"]).template(f"v2.users.{ID}.presence") == "v2.users.{id}.presence"


@settings(deadline=None, database=None)
@given(st.text(min_size=1))
def test_every_topic_has_a_detail_type_that_aws_takes(topic: str) -> None:
    assert 1 <= len(Topics().detail_type(topic)) <= 128
