"""The SDK's server of dynamic resources as a plugin that ends with its engine; started by tools/launchers.

genesys_provider watches the engine too, because the official launcher comes without this module. The watch here begins
before any provider class is unpickled, so it holds for a process that was started and never configured.
"""

import runpy
import sys
from pathlib import Path

from genesys_provider.lifetime import end_with_engine


def main() -> None:
    end_with_engine()
    sys.tracebacklimit = 0  # a class that moved without an alias fails here, before any of ours can see to its error
    # Providers are pickled by reference: their modules are looked for where the program is, as the official one does.
    sys.path.insert(0, str(Path.cwd()))
    runpy.run_module("pulumi.dynamic", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
