"""AWS on this machine: ministack behind a layer that does what it doesn't, at http://127.0.0.1:SANDBOX_AWS_PORT.

`server` runs `app`, where a request goes one of three ways: to the test `door`; to `http_api`, which serves the HTTP
APIs; or to the `gateway` of the AWS APIs, which records it, lets it meet its fault, and hands it to ministack, past
the operations that differ from AWS (`events`, `put_events`, `archive_api`, `partner`, `secrets`, `apis`). Within
ministack, `delivery`, `archives`, `workers` and `events` take the place of some functions. `inside` names everything
that is used of it, and the one version.
"""
