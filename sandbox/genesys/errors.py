"""The platform's errors: one envelope, with the codes and texts of its public catalogue.

Texts and codes are as public clients of the platform list them. Not seen in any of them, so ours: the body of a 404
for an unknown path, of a 405, and the code of a field that a request must not have.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import JSONResponse

CATALOGUE = {
    400: ("bad.request", "The request could not be understood by the server due to malformed syntax."),
    401: ("bad.credentials", "Invalid login credentials."),
    403: ("not.authorized", "You are not authorized to perform the requested action."),
    404: ("not.found", "The requested resource was not found."),
    405: ("method.not.allowed", "HTTP 405 Method Not Allowed"),
    408: ("request.timeout", "The client did not produce a request within the server timeout limit."),
    409: ("conflict", "The request conflicts with the current state of the target resource."),
    413: ("payload.too.large", "The request is over the size limit. Maximum bytes: {maximum}"),
    415: (
        "unsupported.media.type",
        "Unsupported Media Type - Unsupported or incorrect media type, such as an incorrect Content-Type value in the"
        " header.",
    ),
    429: ("too.many.requests", "Rate limit exceeded the maximum. Retry the request in [{seconds}] seconds"),
    500: (
        "internal.server.error",
        "The server encountered an unexpected condition which prevented it from fulfilling the request.",
    ),
    502: ("bad.gateway", "Bad Gateway"),
    503: (
        "service.unavailable",
        "Service Unavailable - The server is currently unavailable (because it is overloaded or down for maintenance).",
    ),
    504: ("request.timeout", "The request timed out."),
}


@dataclass(frozen=True)
class Problem:
    """What is wrong with one field. `text` never repeats the value: it may be a secret."""

    field: str
    code: str
    text: str


class ApiError(Exception):
    """An answer that isn't a success. `{names}` in the message are filled from `params`."""

    def __init__(
        self,
        status: int,
        code: str = "",
        message: str = "",
        *,
        params: Mapping[str, str] | None = None,
        problems: Sequence[Problem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        usual_code, usual_message = CATALOGUE.get(status, ("error", "The request failed."))
        self.status = status
        self.code = code or usual_code
        self.template = message or usual_message
        self.params = dict(params or {})
        self.problems = problems
        self.headers = dict(headers or {})
        super().__init__(f"{status} {self.code}")

    def response(self, correlation_id: str) -> JSONResponse:
        body: dict[str, object] = {
            "message": self.template.format(**self.params) if self.params else self.template,
            "code": self.code,
            "status": self.status,
            "contextId": correlation_id,
            "details": [{"errorCode": problem.code, "fieldName": problem.field} for problem in self.problems],
            "errors": [],
        }
        if self.params:
            body |= {"messageWithParams": self.template, "messageParams": self.params}
        return JSONResponse(body, self.status, self.headers)


def invalid(problems: Sequence[Problem]) -> ApiError:
    """The 400 for fields that are wrong."""
    return ApiError(400, problems[0].code, "; ".join(problem.text for problem in problems), problems=problems)


def missing_permission(permission: str) -> ApiError:
    return ApiError(
        403,
        "missing.any.permissions",
        "Unable to perform the requested action. You must have at least one of the following permissions assigned:"
        " {permissions}",
        params={"permissions": f"[{permission}]"},
    )


def too_many_requests(seconds: int) -> ApiError:
    return ApiError(429, params={"seconds": str(seconds)}, headers={"Retry-After": str(seconds)})
