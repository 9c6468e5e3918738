"""The phone's keys and files on disk: for their owner, whole, and never guessed at."""

import fcntl
from pathlib import Path

import pytest

from lockagent.protocol.keys import SoftwareKey
from mobile_sdk.device_key import FileKeyStore, StoredKey
from mobile_sdk.errors import StoreUnreadable


def test_a_key_signs_and_is_found_again_by_another_process(
    store: FileKeyStore, tmp_path: Path
) -> None:
    store.create("device")
    again = FileKeyStore(tmp_path / "home")
    signature = StoredKey(again, "device").sign(b"data")
    store.public("device").verify(signature, b"data")


def test_keys_and_files_are_for_their_owner_only(store: FileKeyStore, tmp_path: Path) -> None:
    store.create("device")
    store.write("phone.json", b"{}")
    home = tmp_path / "home"
    modes = {
        path.relative_to(home).as_posix(): path.stat().st_mode & 0o777 for path in home.rglob("*")
    }
    assert modes == {"keys": 0o700, "keys/device.pem": 0o600, "phone.json": 0o600}


def test_a_key_is_never_replaced_in_place(store: FileKeyStore) -> None:
    store.create("device")
    with pytest.raises(ValueError, match="which is taken"):
        store.create("device")


@pytest.mark.parametrize("content", [b"", b"not a key", SoftwareKey.generate().to_pem()[:40]])
def test_a_damaged_key_is_unreadable_and_named(
    store: FileKeyStore, tmp_path: Path, content: bytes
) -> None:
    store.create("device")
    (tmp_path / "home/keys/device.pem").write_bytes(content)
    with pytest.raises(StoreUnreadable, match=r"device\.pem"):
        FileKeyStore(tmp_path / "home").public("device")


def test_a_key_that_others_may_read_is_refused(store: FileKeyStore, tmp_path: Path) -> None:
    store.create("device")
    (tmp_path / "home/keys/device.pem").chmod(0o644)
    with pytest.raises(StoreUnreadable, match="owner only"):
        FileKeyStore(tmp_path / "home").public("device")


def test_a_missing_key_is_unreadable_and_a_missing_file_is_none(store: FileKeyStore) -> None:
    assert store.read("phone.json") is None
    with pytest.raises(StoreUnreadable, match="no such file"):
        store.public("device")


def test_a_write_cut_short_leaves_the_old_file(store: FileKeyStore, tmp_path: Path) -> None:
    store.write("phone.json", b"old")
    (tmp_path / "home/phone.json.new").write_bytes(b"half of the n")
    assert store.read("phone.json") == b"old"
    store.write("phone.json", b"new")
    assert store.read("phone.json") == b"new"


@pytest.mark.parametrize("name", ["../device", "a/b", "", "Device", "device.pem", "a" * 65])
def test_a_key_name_cannot_leave_the_folder(store: FileKeyStore, name: str) -> None:
    with pytest.raises(ValueError, match="key's name"):
        store.create(name)


@pytest.mark.parametrize("name", ["../phone.json", "a/b/c.json", "phone", "/phone.json", ".json"])
def test_a_file_name_cannot_leave_the_folder(store: FileKeyStore, name: str) -> None:
    with pytest.raises(ValueError, match="file's name"):
        store.write(name, b"")


def test_a_home_that_is_a_file_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "home").write_bytes(b"")
    with pytest.raises(StoreUnreadable):
        FileKeyStore(tmp_path / "home").create("device")


def test_clearing_leaves_no_key_and_no_file_even_damaged_ones(
    store: FileKeyStore, tmp_path: Path
) -> None:
    store.create("device")
    store.write("credentials/ring.json", b"damaged")
    store.write("phone.json", b"")
    store.clear()
    assert list((tmp_path / "home").iterdir()) == []
    with pytest.raises(StoreUnreadable):
        store.public("device")


def test_being_alone_keeps_other_processes_out(store: FileKeyStore, tmp_path: Path) -> None:
    with (
        store.alone(),
        (tmp_path / "home/lock").open("r+b") as other,
        pytest.raises(BlockingIOError),
    ):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with (tmp_path / "home/lock").open("r+b") as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
