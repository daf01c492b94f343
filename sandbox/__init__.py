"""Both clouds on this machine: `python -m sandbox up|down|status|reset`.

Two servers on 127.0.0.1, started, watched and ended by `launcher.py`: `sandbox.genesys` (an emulator of Genesys Cloud)
and `sandbox.aws` (an emulator of AWS). Each has a door for tests, `/_sandbox/*`, of which the launcher uses
`GET /_sandbox/health` -> `{"service", "instance", "ready"}` and
`POST /_sandbox/reset {"instance": "<uuid>"}`: forget everything, and answer health with that instance from now on.
"""
