"""AWS on this machine: ministack behind a layer that does what it doesn't, at http://127.0.0.1:SANDBOX_AWS_PORT."""
