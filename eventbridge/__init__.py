"""The AWS half: one Pulumi component per file."""

from .account import account_id, region
from .archive import Archive, ArchiveArgs
from .bus import Bus, BusArgs
from .component import Base
from .consumer import Consumer
from .dead_letters import DeadLetters, DeadLettersArgs
from .destination import Destination, DestinationArgs
from .forward import Forward, ForwardArgs
from .heartbeat import Heartbeat, HeartbeatArgs
from .ingress import Ingress, IngressArgs, Keys
from .partner_source import PartnerSource, PartnerSourceArgs
from .tap import Tap, TapArgs

__all__ = [
    "Archive",
    "ArchiveArgs",
    "Base",
    "Bus",
    "BusArgs",
    "Consumer",
    "DeadLetters",
    "DeadLettersArgs",
    "Destination",
    "DestinationArgs",
    "Forward",
    "ForwardArgs",
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
