"""Files of the state directory: old or new, never between, and nobody else's to read."""

from pathlib import Path

from lockagent.state_file import read_file, replace_file


def test_a_file_never_written_reads_as_none(tmp_path: Path) -> None:
    assert read_file(tmp_path / "clock.cbor") is None


def test_a_replaced_file_has_the_new_content_and_no_leftover(tmp_path: Path) -> None:
    path = tmp_path / "clock.cbor"
    replace_file(path, b"old")
    replace_file(path, b"new")
    assert read_file(path) == b"new"
    assert [each.name for each in tmp_path.iterdir()] == ["clock.cbor"]


def test_a_write_cut_before_the_rename_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "clock.cbor"
    replace_file(path, b"old")
    (tmp_path / "clock.cbor.new").write_bytes(b"half a ne")
    assert read_file(path) == b"old"
    replace_file(path, b"newer")
    assert read_file(path) == b"newer"


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    replace_file(tmp_path / "trust.cbor", b"content")
    assert (tmp_path / "trust.cbor").stat().st_mode & 0o777 == 0o600
