"""Tests can be interrupted, and what they start too, even where a shell in the background has them ignore it."""

import signal

signal.signal(signal.SIGINT, signal.default_int_handler)
