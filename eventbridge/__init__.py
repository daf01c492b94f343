"""The AWS half: one Pulumi component per file."""

from .bus import Bus, BusArgs
from .destination import Destination, DestinationArgs
from .heartbeat import Heartbeat, HeartbeatArgs
from .ingress import Ingress, IngressArgs
from .tap import Tap, TapArgs

__all__ = [
    "Bus",
    "BusArgs",
    "Destination",
    "DestinationArgs",
    "Heartbeat",
    "HeartbeatArgs",
    "Ingress",
    "IngressArgs",
    "Tap",
    "TapArgs",
]
