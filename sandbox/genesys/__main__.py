"""The server of the emulator, in the foreground: `python -m sandbox.genesys`. The launcher starts it."""

import os
import sys

from sandbox.lifetime import end_with_owner


def main() -> int:
    end_with_owner()  # before the slow imports
    from .app import create_app
    from .server import HOST, build
    from .settings import Settings

    try:
        settings = Settings.from_environ()
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    port = int(os.environ.get("SANDBOX_GENESYS_PORT") or "4580")
    print(f"Genesys Cloud (profile {settings.profile}) on http://{HOST}:{port}", file=sys.stderr, flush=True)
    build(create_app(settings), port).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
