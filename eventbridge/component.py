"""What every component here shares: its type token, its children's options, its tags."""

from dataclasses import dataclass, field

import pulumi


@dataclass(kw_only=True)
class ComponentArgs:
    """Arguments that every component takes."""

    prefix: str
    """What the names of all resources in AWS begin with: the bus's name."""
    tags: dict[str, str] = field(default_factory=dict)
    """On every resource that can have tags."""


class Component(pulumi.ComponentResource):
    """A component of this package.

    Its type token, `genesys-eventbridge:eventbridge:<class>`, is part of every state: renaming a class needs an alias.
    """

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None) -> None:
        super().__init__(f"genesys-eventbridge:eventbridge:{type(self).__name__}", name, {}, opts)

    def child(self, *depends_on: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(depends_on))
