"""What goes into the function's archive, and when it counts as changed."""

from pathlib import Path

from eventbridge.heartbeat import every
from eventbridge.ingress import CODE, code_files, code_hash


def test_the_archive_holds_the_package_and_no_caches(tmp_path: Path) -> None:
    package = tmp_path / "ingress"
    (package / "__pycache__").mkdir(parents=True)
    (package / "__pycache__" / "handler.cpython-311.pyc").write_bytes(b"\0")
    (package / "handler.py").write_text("")
    (package / "notes.txt").write_text("")
    assert list(code_files(package)) == ["ingress/handler.py"]


def test_the_handler_that_the_function_names_is_in_it() -> None:
    assert "ingress/handler.py" in code_files(CODE)


def test_the_hash_follows_content_and_path_and_nothing_else(tmp_path: Path) -> None:
    package = tmp_path / "ingress"
    package.mkdir()
    (package / "a.py").write_text("1")
    before = code_hash(code_files(package))
    (package / "a.py").touch()
    assert code_hash(code_files(package)) == before
    (package / "a.py").write_text("2")
    changed = code_hash(code_files(package))
    assert changed != before
    (package / "a.py").rename(package / "b.py")
    assert code_hash(code_files(package)) != changed


def test_aws_insists_on_the_singular_for_one_minute() -> None:
    assert (every(1), every(5)) == ("rate(1 minute)", "rate(5 minutes)")
