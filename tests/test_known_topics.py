"""Three parts know topics by heart, and none may import another for that: here they are compared."""

from genesys_provider import topics as provider
from ingress import topics as ingress
from sandbox.genesys.topics import Topic, known

# Public sources name these for WebSockets alone. The ingress knows them all the same: it takes whatever is sent to it.
OF_WEBSOCKETS = {"v2.routing.queues.{id}.conversations"}


def test_each_lists_a_topic_once() -> None:
    for listed in (provider.KNOWN, ingress.KNOWN, [topic.id for topic in known()]):
        assert len({*listed}) == len(listed)


def test_the_provider_knows_what_the_emulator_has_on_eventbridge() -> None:
    assert {*provider.KNOWN} == {topic.id for topic in known() if topic.on_eventbridge}


def test_the_ingress_knows_what_the_provider_does() -> None:
    assert {*ingress.KNOWN} - {*provider.KNOWN} == OF_WEBSOCKETS
    assert {*provider.KNOWN} <= {*ingress.KNOWN}


def test_the_difference_is_what_it_is_said_to_be() -> None:
    elsewhere: dict[str, Topic] = {topic.id: topic for topic in known() if not topic.on_eventbridge}
    assert elsewhere.keys() >= OF_WEBSOCKETS
