"""The function's zip: what is in it, and that the same files make the same bytes."""

import io
import os
import zipfile
from pathlib import Path

import pytest

from sandbox.aws.plugin.archive import Archive, zipped
from sandbox.aws.plugin.errors import PluginError


def contents(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def text(value: str) -> Archive:
    return Archive({"text": value})


def test_assets_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "lib" / "deep").mkdir(parents=True)
    (tmp_path / "lib" / "deep" / "b.py").write_text("b")
    (tmp_path / "c.py").write_text("c")
    folder, file = Archive({"path": str(tmp_path / "lib")}), Archive({"path": str(tmp_path / "c.py")})
    nested = Archive({"assets": {"d.py": text("d"), "empty.py": Archive({})}})
    archive = Archive({"assets": {"app/a.py": text("a"), "lib": folder, "c.py": file, "n": nested}})
    assert contents(zipped(archive)) == {
        "app/a.py": b"a",
        "lib/deep/b.py": b"b",
        "c.py": b"c",
        "n/d.py": b"d",
        "n/empty.py": b"",
    }
    assert contents(zipped(folder)) == {"deep/b.py": b"b"}


def test_the_same_files_make_the_same_bytes(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("a")
    first = zipped(Archive({"assets": {"a.py": Archive({"path": str(file)}), "b.py": text("b")}}))
    file.chmod(0o755)
    os.utime(file, (1, 1))
    second = zipped(Archive({"assets": {"b.py": text("b"), "a.py": Archive({"path": str(file)})}}))
    assert first == second
    assert zipped(Archive({"assets": {"a.py": text("a"), "b.py": text("c")}})) != first


def test_a_zip_file_is_taken_as_it_is(tmp_path: Path) -> None:
    data = zipped(Archive({"assets": {"a.py": text("a")}}))
    (tmp_path / "code.zip").write_bytes(data)
    assert zipped(Archive({"path": str(tmp_path / "code.zip")})) == data


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "code.tar").write_text("tar")
    with pytest.raises(PluginError, match=r"code\.tar is no zip file"):
        zipped(Archive({"path": str(tmp_path / "code.tar")}))
    with pytest.raises(PluginError, match=r"https://example\.com/a\.zip: .* no remote asset"):
        zipped(Archive({"uri": "https://example.com/a.zip"}))
    with pytest.raises(PluginError, match=r"gone\.py"):
        zipped(Archive({"assets": {"a.py": Archive({"path": str(tmp_path / "gone.py")})}}))
