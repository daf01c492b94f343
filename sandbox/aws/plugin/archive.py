"""The zip of a Lambda function: the same bytes for the same files, whenever and wherever it is made."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import PluginError


@dataclass(frozen=True)
class Archive:
    """An archive or a single file of a Pulumi program, as on the wire: `assets`, `path`, `uri`, or `text`."""

    wire: dict[str, Any]

    def __repr__(self) -> str:
        return f"archive {str(self.wire.get('hash', ''))[:7]}"


def zipped(archive: Archive) -> bytes:
    """The zip, deterministic. Raises PluginError for what can't be read."""
    try:
        return _zipped(archive)
    except OSError as error:
        raise PluginError(f"{error.filename}: {error.strerror}") from None


def _zipped(archive: Archive) -> bytes:
    path = archive.wire.get("path")
    if path and Path(path).is_file():
        if not zipfile.is_zipfile(path):
            raise PluginError(f"{path} is no zip file: the stand-in for pulumi-aws reads folders and zip files")
        return Path(path).read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in sorted(_files(archive.wire, "")):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            out.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _files(wire: dict[str, Any], name: str) -> Iterator[tuple[str, bytes]]:
    if wire.get("uri"):
        raise PluginError(f"{wire['uri']}: the stand-in for pulumi-aws fetches no remote asset")
    if "assets" in wire:
        for each, content in wire["assets"].items():
            yield from _files(content.wire, f"{name}/{each}" if name else each)
    elif "path" in wire:
        path = Path(wire["path"])
        if path.is_dir():
            for file in sorted(path.rglob("*")):
                if file.is_file():
                    inside = file.relative_to(path).as_posix()
                    yield f"{name}/{inside}" if name else inside, file.read_bytes()
        else:
            yield name, path.read_bytes()
    else:
        yield name, wire.get("text", "").encode()  # the engine leaves an empty text out
