"""The one place where errors leave PartnerSource's provider: one line, with nothing secret in it, and no chain."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from .access import AccessError
from .secrets import redact

P = ParamSpec("P")
T = TypeVar("T")


class PartnerSourceError(Exception):
    """One line: what is wrong with the source, and what to do."""

    __module__ = "builtins"  # Pulumi prints the class before the text


def boundary(method: Callable[P, T]) -> Callable[P, T]:
    """Wrap a provider's method: whatever goes wrong inside leaves as one PartnerSourceError that names the source."""

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except PartnerSourceError as error:
            text = str(error)
        except Exception as error:
            text = f"{name_in(args)}: {told(error)}"
        raise PartnerSourceError(redact(text))  # outside the except block: no chain, whose inner texts nobody redacted

    return call


def name_in(args: tuple[object, ...]) -> str:
    """The source's, by the properties that all methods have last."""
    props = args[-1] if args else None
    name = props.get("name") if isinstance(props, dict) else None
    return name if isinstance(name, str) else "PartnerSource"


def told(error: Exception) -> str:
    """What went wrong and what to do. Only texts that are known to quote no header are quoted."""
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
    from botocore.parsers import ResponseParserError

    if isinstance(error, ResponseParserError):
        return (
            "what came back is no answer of AWS, but a page of a proxy, say: look at HTTPS_PROXY and NO_PROXY in the"
            " environment, and at aws:endpoints"
        )
    if type(error) is HTTPClientError:  # what its subclasses say is of the connection; this one quotes anything
        inner = type(error.kwargs.get("error")).__name__
        return f"the request to AWS could not be sent ({inner}): look at the credentials, aws:endpoints and the proxy"
    if isinstance(error, BotoCoreError | ClientError | AccessError):
        return str(error)
    return (
        f"AWS could not be asked ({type(error).__name__}, whose text may have secrets in it): look at the `aws:` keys"
        " in the stack's config, and at AWS_* in the environment"
    )
