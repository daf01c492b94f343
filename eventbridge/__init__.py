"""The AWS half: one Pulumi component per file."""

from .account import account_id, region
from .bus import Bus, BusArgs
from .component import Base
from .destination import Destination, DestinationArgs
from .heartbeat import Heartbeat, HeartbeatArgs
from .ingress import Ingress, IngressArgs, Keys
from .partner_source import PartnerSource, PartnerSourceArgs
from .tap import Tap, TapArgs

__all__ = [
    "Base",
    "Bus",
    "BusArgs",
    "Destination",
    "DestinationArgs",
    "Heartbeat",
    "HeartbeatArgs",
    "Ingress",
    "IngressArgs",
    "Keys",
    "PartnerSource",
    "PartnerSourceArgs",
    "Tap",
    "TapArgs",
    "account_id",
    "region",
]
