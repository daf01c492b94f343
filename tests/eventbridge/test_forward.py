"""Where events may be forwarded to, and what the other side has to allow."""

import pulumi
import pytest

from eventbridge.forward import no_loop, permission

OWN = "arn:aws:events:eu-central-1:111111111111:event-bus/genesys-dev"


def test_a_bus_does_not_get_its_own_events_again() -> None:
    with pytest.raises(pulumi.RunError, match="this stack's own bus"):
        no_loop(OWN, OWN)
    other = OWN.replace("1111", "2222")
    assert no_loop(OWN, other) == other


def test_a_bus_of_a_path_keeps_its_whole_name() -> None:
    to = "arn:aws-cn:events:cn-north-1:222222222222:event-bus/team/voice"
    assert "--region cn-north-1 " in permission(to, "111111111111", "genesys-dev")
    assert "--event-bus-name team/voice " in permission(to, "111111111111", "genesys-dev")
