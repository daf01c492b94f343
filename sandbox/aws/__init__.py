"""AWS on this machine: ministack behind a layer that does what it doesn't, at http://127.0.0.1:SANDBOX_AWS_PORT.

`server` runs `app`, where a request goes one of three ways: to the test `door`; to `http_api`, which serves the HTTP
APIs; or to the `gateway` of the AWS APIs, which records it, lets it meet its fault, and hands it to ministack, past
the operations that differ from AWS (`events`, `rule_targets`, `put_events`, `archive_api`, `partner`, `secrets`,
`apis`, `mappings`, `alarms`, `dashboards`, `metric_filters`). Within ministack, `delivery`, `archives`, `workers`,
`mappings`, `events` and `metrics` take the place of some functions. `inside` names everything that is used of it, and
the one version.

An event goes to the target of a rule by `delivery`: an `invocation` of one of the `targets`, which goes on as a `trial`
until its `outcome` is final, and into the `dead_letters` then if need be.

What AWS puts into CloudWatch by itself goes through `metrics`: of buses (`bus_metrics`), HTTP APIs (`api_metrics`),
functions (`function_metrics`), queues (`queue_metrics`) and lines of logs (`embedded_metrics`, `metric_filters`).
"""
