"""The tool chain: the pinned Pulumi engine, its plugins' launchers, and the commands behind the Makefile."""
