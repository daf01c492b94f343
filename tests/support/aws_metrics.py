"""Which metrics AWS documents, and with which dimensions: what alarms and dashboards name is held against it.

From AWS's guides, as they stand in docs.aws.amazon.com: EventBridge, "Monitoring Amazon EventBridge" (for a rule on a
custom bus both EventBusName and RuleName, for one on the default bus RuleName alone); SQS, "Available CloudWatch
metrics for Amazon SQS"; API Gateway, "Monitor CloudWatch metrics for HTTP APIs"; Lambda, "Types of metrics for Lambda
functions" and "Dimensions for Lambda metrics". Only those of interest here.
"""

RULE = ({"RuleName"}, {"EventBusName", "RuleName"})
API = ({"ApiId"}, {"ApiId", "Stage"}, {"ApiId", "Method", "Resource", "Stage"})
QUEUE = ({"QueueName"},)
FUNCTION = ({"FunctionName"}, {"FunctionName", "Resource"}, set[str]())

DIMENSIONS: dict[str, dict[str, tuple[set[str], ...]]] = {
    "AWS/Events": {
        "Events": ({"EventSourceName"},),
        "MatchedEvents": RULE,
        "Invocations": RULE,
        "FailedInvocations": RULE,
        "InvocationsSentToDlq": RULE,
        "InvocationsFailedToBeSentToDlq": RULE,
        "ThrottledRules": RULE,
        "TriggeredRules": RULE,
    },
    "AWS/SQS": {
        "ApproximateAgeOfOldestMessage": QUEUE,
        "ApproximateNumberOfMessagesVisible": QUEUE,
        "ApproximateNumberOfMessagesNotVisible": QUEUE,
        "NumberOfMessagesSent": QUEUE,
    },
    "AWS/ApiGateway": {"4xx": API, "5xx": API, "Count": API, "IntegrationLatency": API, "Latency": API},
    "AWS/Lambda": {
        "Errors": FUNCTION,
        "Throttles": FUNCTION,
        "Invocations": FUNCTION,
        "Duration": FUNCTION,
        "ConcurrentExecutions": FUNCTION,
    },
}


def documented(namespace: str, name: str, dimensions: set[str]) -> bool:
    return dimensions in DIMENSIONS.get(namespace, {}).get(name, ())
