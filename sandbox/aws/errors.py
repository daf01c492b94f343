"""Errors: as AWS answers them, in the protocol of the service that was asked, and the one at the start."""

import json
import uuid
from xml.sax.saxutils import escape

from starlette.responses import Response

_QUERY_SERVICES = {"iam", "sts", "sns", "cloudformation"}  # these speak XML
_REST_JSON_SERVICES = {"apigateway", "lambda"}


class Unsuitable(Exception):
    """Another ministack than the one that this layer was written for; says what to do."""


class AwsError(Exception):
    """What AWS would refuse with `code`."""

    def __init__(self, code: str, message: str = "", status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    def response(self, service: str) -> Response:
        headers = {"x-amzn-requestid": str(uuid.uuid4()), "x-amzn-errortype": self.code}
        if service in _QUERY_SERVICES:
            kind = "Sender" if self.status < 500 else "Receiver"
            body = (
                f"<ErrorResponse><Error><Type>{kind}</Type><Code>{escape(self.code)}</Code>"
                f"<Message>{escape(self.message)}</Message></Error></ErrorResponse>"
            )
            return Response(body, self.status, headers, "text/xml")
        body = json.dumps({"__type": self.code, "message": self.message})
        kind = "application/json" if service in _REST_JSON_SERVICES else "application/x-amz-json-1.1"
        return Response(body, self.status, headers, kind)


def not_valid(name: str, reason: str = "") -> AwsError:
    return AwsError("ValidationException", f"Parameter {name} is not valid." + (f" Reason: {reason}" if reason else ""))


def unsatisfied(value: object, at: str, constraint: str) -> AwsError:
    """What AWS says of a value that its model doesn't allow."""
    return AwsError(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{at}' failed to satisfy constraint: {constraint}",
    )


def not_found(what: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"{what} does not exist.")
