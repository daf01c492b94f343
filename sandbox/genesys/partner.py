"""The partner half of EventBridge's API, as the platform calls it: what a customer never sees of a partner source.

JSON 1.1 over HTTP. Requests aren't signed: the sandbox's AWS checks no signature. Their Authorization header says only
who calls and in which region, as a signature's scope does.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import httpx

from .wire import Object, parse, render

T = TypeVar("T")
AT_ONCE = 20
NOBODY = "no AWS to be reached: SANDBOX_AWS_URL is not set"


@dataclass(frozen=True)
class Source:
    """A partner event source: in whose account, where, and its name, which has the organisation in it."""

    account: str
    region: str
    name: str


class Refused(Exception):
    """AWS answered, with an error. `status` is the answer's, 200 where only the entry was refused."""

    def __init__(self, status: int, code: str, text: str) -> None:
        self.status, self.code, self.text = status, code, text
        super().__init__(f"{code}: {text}" if text else code)

    @property
    def may_pass(self) -> bool:
        return self.status == 429 or self.status >= 500 or self.code in ("ThrottlingException", "InternalException")


class NoAnswer(Exception):
    """AWS was not reached, or did not answer in time."""


class Partner:
    """Raises Refused and NoAnswer. Used within one event loop. `timeout` says for how many seconds to wait."""

    def __init__(self, url: str, timeout: Callable[[], float]) -> None:
        self._url = url
        self._timeout = timeout
        self._client: httpx.AsyncClient | None = None

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def create(self, source: Source) -> None:
        await self._call("CreatePartnerEventSource", source.region, {"Name": source.name, "Account": source.account})

    async def delete(self, source: Source) -> None:
        await self._call("DeletePartnerEventSource", source.region, {"Name": source.name, "Account": source.account})

    async def state(self, source: Source) -> str | None:
        """PENDING, ACTIVE or DELETED as the customer's account has it; None when it isn't there."""
        answer = await self._call(
            "ListPartnerEventSourceAccounts", source.region, {"EventSourceName": source.name, "Limit": 100}
        )
        accounts = cast(list[Mapping[str, str]], answer.get("PartnerEventSourceAccounts", []))
        return next((account["State"] for account in accounts if account["Account"] == source.account), None)

    async def put(self, source: Source, time: float, detail_type: str, detail: str) -> int:
        """Send one event, with its time in seconds since 1970. The answer's status."""
        entry = {
            "Time": time,
            "Source": source.name,
            "Resources": [],
            "DetailType": detail_type,
            "Detail": detail,
        }
        answer = await self._call("PutPartnerEvents", source.region, {"Entries": [entry]})
        [result] = cast(list[Mapping[str, str]], answer.get("Entries", [{}]))
        if "ErrorCode" in result:
            raise Refused(200, result["ErrorCode"], result.get("ErrorMessage", ""))
        return 200

    async def _call(self, operation: str, region: str, members: Object) -> Object:
        if not self._url:
            raise NoAnswer(NOBODY)
        if self._client is None:
            self._client = httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=AT_ONCE))
        scope = f"genesys.com/20260101/{region}/events/aws4_request"
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"AWSEvents.{operation}",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={'0' * 64}",
        }
        try:
            timeout = httpx.Timeout(self._timeout(), pool=None)
            call = self._client.post(self._url, content=render(members), headers=headers, timeout=timeout)
            response = await to_its_end(call)
        except httpx.TransportError as error:
            raise NoAnswer(type(error).__name__) from None
        try:
            answer = parse(response.content or b"{}")
        except ValueError:
            answer = None
        found = cast(Object, answer) if isinstance(answer, dict) else {}
        if response.is_success:
            return found
        code = str(found.get("__type", "")).rpartition("#")[2] or f"HTTP {response.status_code}"
        raise Refused(response.status_code, code, str(found.get("message") or found.get("Message") or ""))


async def to_its_end(call: Coroutine[Any, Any, T]) -> T:
    """The call's result. A cancellation waits for it: else AWS might still do what is no longer wanted."""
    task = asyncio.ensure_future(call)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():  # however often it is cancelled
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # nobody else asks for it
        raise
