"""An API destination as target, and AWS's hard line on 401.

An API-key or basic connection whose endpoint answers 401 or 407 is DEAUTHORIZED at once and loses its parameters; its
destinations are called no more until UpdateConnection. AWS retries 409, 429, 5xx and what fails without an answer.
The codes and texts for an endpoint that can't be reached or doesn't answer in time were seen in real dead-letter
queues; the others are ours.
"""

import copy

from .inside import Json, eventbridge, responses
from .invocation import Invocation
from .outcome import Outcome

_UNABLE = "Unable to invoke ApiDestination endpoint: "


def invoke(invocation: Invocation) -> Outcome:
    destination = copy.deepcopy(eventbridge._api_destinations.get(invocation.resource.split("/")[1]))
    connection = _connection(destination)
    if destination is None or connection is None:
        return Outcome(None, "NO_RESOURCE", f"{_UNABLE}it or its connection does not exist.", called=False)
    for state, wanted in (
        (destination["ApiDestinationState"], "ACTIVE"),
        (connection["ConnectionState"], "AUTHORIZED"),
    ):
        if state != wanted:
            return Outcome(None, "SDK_CLIENT_ERROR", f"{_UNABLE}it is {state}, not {wanted}.", called=False)
    parameters = eventbridge._resolve_http_parameters(
        invocation.target.get("HttpParameters") or {}, invocation.envelope
    )
    request = eventbridge._build_api_destination_request(destination, connection, parameters, invocation.payload)
    outcome = _send(request, connection)
    if outcome.status in (401, 407) and connection["AuthorizationType"] != "OAUTH_CLIENT_CREDENTIALS":
        eventbridge._deauthorize_connection({"Name": connection["Name"]})
        message = "The request failed because the credentials included for the connection are not authorized."
        return Outcome(outcome.status, "SDK_CLIENT_ERROR", _UNABLE + message)
    return outcome


def _send(request: Json, connection: Json) -> Outcome:
    """AWS waits for five seconds."""
    key = (responses.get_account_id(), responses.get_region(), connection["Name"])
    try:
        authorization = eventbridge._connection_auth_headers(connection, key)
        status = int(eventbridge._api_destination_send_sync(request, authorization))
    except TimeoutError:
        message = "Timeout calling endpoint for API Destination: socket closed."
        return Outcome(None, "UNKNOWN", _UNABLE + message, passing=True)
    except OSError:
        message = "API destination endpoint cannot be reached."
        return Outcome(None, "SDK_CLIENT_ERROR", _UNABLE + message, passing=True)
    if 200 <= status < 300:
        return Outcome(status)
    passing = status in (401, 407, 409, 429) or status >= 500
    return Outcome(status, "ERROR_FROM_TARGET", f"{_UNABLE}it answered {status}.", passing=passing)


def _connection(destination: Json | None) -> Json | None:
    arn = (destination or {}).get("ConnectionArn")
    found = (one for one in eventbridge._connections.values() if one["ConnectionArn"] == arn)
    return copy.deepcopy(next(found, None))
