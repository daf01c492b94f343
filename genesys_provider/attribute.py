"""How a resource shows its outputs: by Python names and with their types, one line each."""

from collections.abc import Callable
from typing import Any, Generic, Never, TypeVar, overload

import pulumi

T = TypeVar("T")


class Attribute(Generic[T]):
    """The output that Pulumi knows by `name`, as a property of the resource.

    Not `@pulumi.getter`: that one needs a property of five lines for each. `of` makes the value that a program wants
    from the one that arrives, in which every number is a float and every object a dict.
    """

    def __init__(self, name: str, of: Callable[[Any], T] | None = None) -> None:
        self.name = name
        self._of = of

    @overload
    def __get__(self, resource: None, _: object) -> "Attribute[T]": ...
    @overload
    def __get__(self, resource: pulumi.Resource, _: object) -> pulumi.Output[T]: ...
    def __get__(self, resource: pulumi.Resource | None, _: object) -> "Attribute[T] | pulumi.Output[T]":
        if resource is None:
            return self
        output: pulumi.Output[Any] = pulumi.get(resource, self.name)
        return output if self._of is None else output.apply(self._of)

    def __set__(self, resource: pulumi.Resource, value: Never) -> None:
        raise AttributeError(f"{type(resource).__name__}.{self.name} can only be read")
