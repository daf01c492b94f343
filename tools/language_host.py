"""The Python language host as a plugin of the engine: runs the program, in this process; started by tools/launchers.

The official host is no Go module, so an engine built from modules comes without it. This one says of a program what the
official one says (sdk/python/cmd/pulumi-language-python-exec), with one difference: a RunError is a single error.
"""
# ruff: noqa: ARG002 (gRPC hands every method both arguments)

import asyncio
import contextvars
import itertools
import json
import logging
import os
import re
import runpy
import sys
import traceback
from collections.abc import Iterator
from concurrent import futures
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pulumi
import pulumi.runtime
from google.protobuf import empty_pb2
from pulumi.runtime.proto import LanguageRuntimeServicer, language_pb2, language_pb2_grpc, plugin_pb2

from genesys_provider.lifetime import end_with_engine

if TYPE_CHECKING:
    from grpc import ServicerContext as Context

FAILED_AND_SAID_SO = 32
"""A program that exits with this code has told the user why; the official host has the same convention."""


def main() -> None:
    end_with_engine()
    sys.path.remove(str(Path(__file__).parents[1]))  # the launcher's entry: a program sees what it would see elsewhere
    os.environ.pop("PYTHONPATH", None)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # a failed program leaves futures that nobody awaits
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(engine=sys.argv[-1]), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    try:
        server.wait_for_termination()
    except KeyboardInterrupt:  # so the engine ends its plugins
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)  # without joining a program's threads


class LanguageHost(LanguageRuntimeServicer):
    """What the engine asks of a language: run a program, and say what it needs."""

    def __init__(self, engine: str) -> None:
        self._engine = engine

    def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, context: "Context"
    ) -> language_pb2.LanguageHandshakeResponse:
        self._engine = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def Run(self, request: language_pb2.RunRequest, context: "Context") -> language_pb2.RunResponse:
        # The SDK keeps its settings in context variables: a copy keeps one run out of the next one.
        return contextvars.copy_context().run(_run, request, self._engine)

    def GetRequiredPackages(
        self, request: language_pb2.GetRequiredPackagesRequest, context: "Context"
    ) -> language_pb2.GetRequiredPackagesResponse:
        packages = [
            plugin_pb2.PackageDependency(kind="resource", name=name, version=version, server=server)
            for name, version, server in _plugins_of_installed_packages()
        ]
        return language_pb2.GetRequiredPackagesResponse(packages=packages)

    def GetRequiredPlugins(
        self, request: language_pb2.GetRequiredPluginsRequest, context: "Context"
    ) -> language_pb2.GetRequiredPluginsResponse:
        plugins = [
            plugin_pb2.PluginDependency(kind="resource", name=name, version=version, server=server)
            for name, version, server in _plugins_of_installed_packages()
        ]
        return language_pb2.GetRequiredPluginsResponse(plugins=plugins)

    def InstallDependencies(
        self, request: language_pb2.InstallDependenciesRequest, context: "Context"
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        line = f"the program's dependencies are in {sys.prefix}; `make` keeps them as requirements-dev.txt says\n"
        yield language_pb2.InstallDependenciesResponse(stdout=line.encode())

    def GetProgramDependencies(
        self, request: language_pb2.GetProgramDependenciesRequest, context: "Context"
    ) -> language_pb2.GetProgramDependenciesResponse:
        installed = {_normal(each.name): each for each in metadata.distributions()}
        required = {
            _normal(re.split(r"[^\w.-]", requirement, maxsplit=1)[0])
            for each in installed.values()
            for requirement in each.requires or []
            if "extra ==" not in requirement
        }
        chosen = [
            each for name, each in sorted(installed.items()) if request.transitiveDependencies or name not in required
        ]
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[language_pb2.DependencyInfo(name=each.name, version=each.version) for each in chosen]
        )

    def About(self, request: language_pb2.AboutRequest, context: "Context") -> language_pb2.AboutResponse:
        return language_pb2.AboutResponse(executable=sys.executable, version=sys.version.split()[0])

    def GetPluginInfo(self, request: empty_pb2.Empty, context: "Context") -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi"))

    def RuntimeOptionsPrompts(
        self, request: language_pb2.RuntimeOptionsRequest, context: "Context"
    ) -> language_pb2.RuntimeOptionsResponse:
        return language_pb2.RuntimeOptionsResponse()

    def Template(self, request: language_pb2.TemplateRequest, context: "Context") -> language_pb2.TemplateResponse:
        return language_pb2.TemplateResponse()

    def Cancel(self, request: empty_pb2.Empty, context: "Context") -> empty_pb2.Empty:
        return empty_pb2.Empty()


def _run(request: language_pb2.RunRequest, engine: str) -> language_pb2.RunResponse:
    pulumi.runtime.reset_options(
        project=request.project,
        stack=request.stack,
        root_directory=request.info.root_directory,
        parallel=request.parallel,
        engine_address=engine,
        monitor_address=request.monitor_address,
        preview=request.dryRun,
        organization=request.organization or "organization",
    )
    pulumi.runtime.set_all_config(dict(request.config), list(request.configSecretKeys))
    os.chdir(request.pwd)
    program = os.path.normpath(Path(request.info.program_directory, request.info.entry_point))
    sys.argv = [program, *request.args]

    loop = asyncio.new_event_loop()
    executor = futures.ThreadPoolExecutor(max_workers=max(request.parallel, 1) * 4)
    loop.set_default_executor(executor)
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _program(program)))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return language_pb2.RunResponse(bail=True)  # an `error` would be printed as a second one
    except SystemExit as exit_:
        return _exited(exit_)
    except grpc.RpcError as error:
        if isinstance(error, grpc.Call) and error.code() == grpc.StatusCode.UNAVAILABLE:
            return language_pb2.RunResponse(bail=True)  # the engine is shutting down, and knows why
        return _unhandled(program)
    except BaseException:
        return _unhandled(program)
    finally:
        executor.shutdown(wait=True)
        _close(loop)
        sys.stdout.flush()
        sys.stderr.flush()
    return language_pb2.RunResponse()


def _program(path: str) -> None:
    if Path(path).is_dir() and not Path(path, "__main__.py").exists():
        raise pulumi.RunError(f"unable to find main python program `__main__.py` in `{path}`")
    runpy.run_path(path, run_name="__main__")


def _exited(exit_: SystemExit) -> language_pb2.RunResponse:
    """What `sys.exit` means: nothing or 0 is success, a text goes to standard error and counts as 1."""
    code = exit_.code
    if isinstance(code, str):
        print(code, file=sys.stderr)
        code = 1
    if not code:
        return language_pb2.RunResponse()
    if code == FAILED_AND_SAID_SO:
        return language_pb2.RunResponse(bail=True)
    return language_pb2.RunResponse(error=f"Program exited with non-zero exit code: {code}")


def _unhandled(program: str) -> language_pb2.RunResponse:
    pulumi.log.error(f"Program failed with an unhandled exception:\n{_traceback(program)}")
    return language_pb2.RunResponse(bail=True)


def _traceback(program: str) -> str:
    """The current exception from the program's first frame on: the frames of this host are no news to its author."""
    frames = traceback.extract_tb(sys.exc_info()[2])
    mains = {program, os.path.join(program, "__main__.py")}  # noqa: PTH118 (compared as text)
    first = next((index for index, frame in enumerate(frames) if os.path.normpath(frame.filename) in mains), 0)
    return traceback.format_exc(limit=first - len(frames))


def _close(loop: asyncio.AbstractEventLoop) -> None:
    """Close it without `Task was destroyed but it is pending`: a program that fails leaves tasks behind."""
    pending = asyncio.all_tasks(loop)
    for task in pending:
        task.cancel()
    if pending:
        loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
    loop.close()


def _plugins_of_installed_packages() -> Iterator[tuple[str, str, str]]:
    """Name, version and server of each provider plugin that an installed package says it needs."""
    for path in sorted(itertools.chain.from_iterable(Path(each).glob("*/pulumi-plugin.json") for each in sys.path)):
        plugin = json.loads(path.read_text(encoding="utf-8"))
        if plugin.get("resource"):
            name = plugin.get("name") or path.parent.name.removeprefix("pulumi_")
            yield name, plugin.get("version") or "", plugin.get("server") or ""


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main()
