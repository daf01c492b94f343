"""Partner event sources: what a SaaS partner offers to an account in a region, and what became of it.

As AWS's onboarding guide for partners has it:

- PENDING: made by the partner, and no bus of its name yet. Events are taken and dropped. It expires.
- ACTIVE: the customer made the bus. Events go to its rules. When the bus is deleted: PENDING again.
- PENDING with a bus: deactivated by the customer, or made again by the partner after a DELETED. The customer activates
  it. That it expires to DELETED then is ours; the reference only says that it is deleted.
- DELETED: the partner deleted it while there was a bus. For the partner, and for its events, it exists no more; it is
  shown to the customer until the bus goes.

The guide says that a PENDING one expires after 7 days, the newer API reference after two weeks: here it is two weeks.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["PENDING", "ACTIVE", "DELETED"]

EXPIRES_AFTER = 14 * 86_400.0


@dataclass
class Source:
    name: str
    account: str
    region: str
    has_bus: bool = False
    """Whether the customer has a bus of its name."""
    state: State = field(default="PENDING", init=False)
    created: float = field(default_factory=time.time, init=False)
    expires: float | None = field(default=None, init=False)
    """While PENDING."""

    def __post_init__(self) -> None:
        self.suspend()

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "has_bus"}

    @property
    def arn(self) -> str:
        return arn(self.name, self.region)

    @property
    def partner(self) -> str:
        return partner_of(self.name)

    def activate(self) -> None:
        self.state, self.has_bus, self.expires = "ACTIVE", True, None

    def suspend(self) -> None:
        self.state, self.expires = "PENDING", time.time() + EXPIRES_AFTER


class Sources:
    """Of all accounts and regions."""

    def __init__(self) -> None:
        self._sources: dict[tuple[str, str, str], Source] = {}

    def __iter__(self) -> Iterator[Source]:
        """By name, without those that have expired."""
        now = time.time()
        for source in list(self._sources.values()):
            if source.expires is not None and source.expires <= now:
                self.delete(source)
        return iter(sorted(self._sources.values(), key=lambda source: source.name))

    def shown(self, account: str, region: str) -> list[Source]:
        """What the customer sees."""
        return [source for source in self if (source.account, source.region) == (account, region)]

    def find(self, name: str, account: str, region: str) -> Source | None:
        """As the customer sees it."""
        return next((source for source in self.shown(account, region) if source.name == name), None)

    def offered(self, name: str, region: str) -> Source | None:
        """As the partner sees it."""
        found = (source for source in self if (source.name, source.region) == (name, region))
        return next((source for source in found if source.state != "DELETED"), None)

    def add(self, name: str, account: str, region: str, *, has_bus: bool) -> Source:
        source = Source(name, account, region, has_bus)
        self._sources[name, account, region] = source
        return source

    def delete(self, source: Source) -> None:
        """By the partner, or because it has expired."""
        if source.has_bus:
            source.state, source.expires = "DELETED", None
        else:
            del self._sources[source.name, source.account, source.region]

    def lose_bus(self, name: str, account: str, region: str) -> None:
        source = self.find(name, account, region)
        if source:
            source.has_bus = False
            if source.state == "DELETED":
                self.delete(source)
            elif source.state == "ACTIVE":
                source.suspend()

    def expire(self, name: str) -> None:
        """Let the two weeks of a PENDING one be over. Raises LookupError and ValueError."""
        found = [source for source in self if source.name == name]
        if not found:
            raise LookupError(f"no partner event source {name}")
        pending = [source for source in found if source.state == "PENDING"]
        if not pending:
            raise ValueError(f"{name} is {found[0].state}: only one that is PENDING expires")
        for source in pending:
            source.expires = time.time()

    def clear(self) -> None:
        self._sources.clear()


def arn(name: str, region: str) -> str:
    """Without an account, as AWS has it."""
    return f"arn:aws:events:{region}::event-source/{name}"


def partner_of(name: str) -> str:
    """`aws.partner/genesys.com/…` → `genesys.com`."""
    return name.split("/")[1] if name.startswith("aws.partner/") else ""
