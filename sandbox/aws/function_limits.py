"""What AWS refuses of a function's configuration and ministack takes: an environment of more than 4 KB.

The message shows what is measured: the variables as JSON, quotes within values escaped. Its spaces are not shown for
certain; here there are none.
"""

import json

from .errors import AwsError
from .exchange import Answer, Handler, Request

_MOST_BYTES = 4096


async def configure(request: Request) -> Answer:
    variables = (request.data.get("Environment") or {}).get("Variables") or {}
    measured = json.dumps(variables, separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode()) > _MOST_BYTES:
        raise AwsError(
            "InvalidParameterValueException",
            "Lambda was unable to configure your environment variables because the environment variables you have"
            f" provided exceeded the 4KB limit. String measured: {measured}",
        )
    return await request.forward()


HANDLERS: dict[str, Handler] = {
    "lambda:CreateFunction": configure,
    "lambda:UpdateFunctionConfiguration": configure,
}
