"""The AWS half: one Pulumi component per file."""

from .account import account_id, region
from .alarms import Alarms, AlarmsArgs
from .archive import Archive, ArchiveArgs
from .bus import Bus, BusArgs
from .component import Base
from .consumer import Consumer
from .dashboard import Dashboard, DashboardArgs
from .dead_letters import DeadLetters, DeadLettersArgs
from .destination import Destination, DestinationArgs
from .forward import Forward, ForwardArgs
from .heartbeat import Heartbeat, HeartbeatArgs
from .heartbeat_received import HeartbeatReceived, HeartbeatReceivedArgs
from .ingress import Ingress, IngressArgs, Keys
from .partner_source import PartnerSource, PartnerSourceArgs
from .tap import Tap, TapArgs
from .throttles import Throttles, ThrottlesArgs
from .watch import Receiver, Watch, WatchArgs

__all__ = [
    "Alarms",
    "AlarmsArgs",
    "Archive",
    "ArchiveArgs",
    "Base",
    "Bus",
    "BusArgs",
    "Consumer",
    "Dashboard",
    "DashboardArgs",
    "DeadLetters",
    "DeadLettersArgs",
    "Destination",
    "DestinationArgs",
    "Forward",
    "ForwardArgs",
    "Heartbeat",
    "HeartbeatArgs",
    "HeartbeatReceived",
    "HeartbeatReceivedArgs",
    "Ingress",
    "IngressArgs",
    "Keys",
    "PartnerSource",
    "PartnerSourceArgs",
    "Receiver",
    "Tap",
    "TapArgs",
    "Throttles",
    "ThrottlesArgs",
    "Watch",
    "WatchArgs",
    "account_id",
    "region",
]
