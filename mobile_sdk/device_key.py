"""Where the phone keeps its private keys and its few files: the `KeyStore` port and one on disk.

A phone's operating system keeps keys in secure hardware and signs with them; the SDK therefore
asks for signatures by a key's name and never for a key. Rules every store keeps:
- `create` makes a fresh P-256 key under a new name; no key is ever replaced in place;
- `write` replaces a file whole or not at all, also when the power goes;
- what cannot be read as it was written is `StoreUnreadable`, never an empty answer.

`FileKeyStore` is for terminals and tests: one PEM per key, mode 0600, written by rename. It binds
nothing to hardware, and a copy of the folder is a copy of the phone.
"""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lockagent.protocol.keys import SoftwareKey, VerifyingKey
from mobile_sdk.errors import StoreUnreadable

DEVICE_KEY = "device"
"""The name of the device key: DPoP proofs, client assertions, key attestations, nothing else."""

_KEY_NAME = re.compile(r"[a-z0-9-]{1,64}")
_FILE_NAME = re.compile(r"(?:[a-z0-9-]{1,64}/)?[a-z0-9-]{1,64}\.json")
_FOLDERS = ("keys", "credentials")
_NOT_THE_OWNERS = 0o077


class KeyStore(Protocol):
    """Keys that sign and never leave, and files that are replaced whole.

    A key's name is 1 to 64 of `a-z 0-9 -`; a file's ends with `.json` and may have one folder.
    """

    def create(self, name: str) -> None:
        """Make a fresh P-256 key called `name`; ValueError where that name is taken."""

    def public(self, name: str) -> VerifyingKey:
        """The public half; StoreUnreadable where there is no such key."""

    def sign(self, name: str, data: bytes) -> bytes:
        """ES256 over `data` by the key: 64 bytes, r then s."""

    def delete(self, name: str) -> None:
        """Let the key or file be gone; one that is not there is gone already."""

    def read(self, name: str) -> bytes | None:
        """The file as last written, None where it never was."""

    def write(self, name: str, content: bytes) -> None:
        """Replace the file, durably."""


@dataclass(frozen=True, slots=True)
class StoredKey:
    """One key of a store behind the protocol's `SigningKey` port."""

    store: KeyStore = field(repr=False)
    name: str

    @property
    def public(self) -> VerifyingKey:
        """The key that verifies."""
        return self.store.public(self.name)

    def sign(self, data: bytes) -> bytes:
        """ES256 over `data`: 64 bytes, r then s."""
        return self.store.sign(self.name, data)


class FileKeyStore:
    """A `KeyStore` in one folder: `keys/NAME.pem`, and the files by their names."""

    def __init__(self, home: Path) -> None:
        """Keep everything in `home`, which is made when something is first written."""
        self._home = home
        self._loaded: dict[str, SoftwareKey] = {}

    def create(self, name: str) -> None:
        """Make a fresh P-256 key called `name`; ValueError where that name is taken."""
        path = self._key_path(name)
        if path.exists():
            raise ValueError(f"expected a new name for a key, got {name}, which is taken")
        key = SoftwareKey.generate()
        self._replace(path, key.to_pem())
        self._loaded[name] = key

    def public(self, name: str) -> VerifyingKey:
        """The public half; StoreUnreadable where there is no such key."""
        return self._key(name).public

    def sign(self, name: str, data: bytes) -> bytes:
        """ES256 over `data` by the key: 64 bytes, r then s."""
        return self._key(name).sign(data)

    def delete(self, name: str) -> None:
        """Let the key or file be gone; one that is not there is gone already."""
        is_file = _FILE_NAME.fullmatch(name) is not None
        path = self._file_path(name) if is_file else self._key_path(name)
        self._loaded.pop(name, None)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise _unreadable(path, error) from error

    def read(self, name: str) -> bytes | None:
        """The file as last written, None where it never was."""
        return self._read(self._file_path(name))

    def write(self, name: str, content: bytes) -> None:
        """Replace the file, durably."""
        self._replace(self._file_path(name), content)

    def clear(self) -> None:
        """Let every key and file be gone, readable or not: the keys first."""
        self._loaded.clear()
        try:
            for folder in _FOLDERS:
                if (self._home / folder).exists():
                    shutil.rmtree(self._home / folder)
            for path in self._home.glob("*.json*"):
                path.unlink()
        except OSError as error:
            raise _unreadable(self._home, error) from error

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until no other process uses this folder, and keep them out meanwhile."""
        try:
            self._make_folder(self._home)
            opened = os.open(self._home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise _unreadable(self._home, error) from error
        try:
            fcntl.flock(opened, fcntl.LOCK_EX)
            yield
        finally:
            os.close(opened)

    def _key(self, name: str) -> SoftwareKey:
        if name in self._loaded:
            return self._loaded[name]
        path = self._key_path(name)
        pem = self._read(path)
        if pem is None:
            raise StoreUnreadable(f"expected a key in {path}, got no such file")
        try:
            key = SoftwareKey.from_pem(pem)
        except (ValueError, TypeError) as error:
            raise StoreUnreadable(f"expected a private key in {path}, got other bytes") from error
        self._loaded[name] = key
        return key

    def _key_path(self, name: str) -> Path:
        if _KEY_NAME.fullmatch(name) is None:
            raise ValueError(f"expected a key's name of a-z 0-9 -, got {name!r}")
        return self._home / "keys" / f"{name}.pem"

    def _file_path(self, name: str) -> Path:
        if _FILE_NAME.fullmatch(name) is None:
            raise ValueError(f"expected a file's name such as phone.json, got {name!r}")
        return self._home / name

    def _read(self, path: Path) -> bytes | None:
        try:
            if path.stat().st_mode & _NOT_THE_OWNERS:
                raise StoreUnreadable(f"expected {path} for its owner only, got a wider mode")
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(path, error) from error

    def _replace(self, path: Path, content: bytes) -> None:
        beside = path.with_name(f"{path.name}.new")
        try:
            self._make_folder(self._home)
            self._make_folder(path.parent)
            beside.unlink(missing_ok=True)  # left by a write cut short
            with open(beside, "wb", opener=_private) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
            _flush_folder(path.parent)
        except OSError as error:
            raise _unreadable(path, error) from error

    @staticmethod
    def _make_folder(folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_EXCL, 0o600)


def _flush_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _unreadable(path: Path, error: OSError) -> StoreUnreadable:
    reason = (error.strerror or "an error").lower()
    return StoreUnreadable(f"expected to read and write {path}, got: {reason}")
