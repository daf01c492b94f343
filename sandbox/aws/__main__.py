"""`python -m sandbox.aws`: the server, in the foreground."""

from .server import main

main()
