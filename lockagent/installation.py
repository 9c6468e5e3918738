"""What the key server gave this controller when it was installed, and the keys it holds.

`installation.json` in the state directory: the controller's id, the issuer, the pinned root and,
for each reader, its access point's number, its id and its certificate as issued. The private keys
stay in the PEM files that `door.toml` names, readable by their owner alone. Rules kept here:
- a key file that others may read is refused, and says how to mend it;
- an installation that does not fit `door.toml` (issuer, access points) is refused, not bent;
- a renewed certificate replaces the old one durably.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lockagent.config import DoorConfig
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.gatt import READER_ID_BYTES, ReaderId
from lockagent.protocol.keys import SoftwareKey, base64url, from_base64url
from lockagent.state_file import read_file, replace_file
from policies.vocabulary import (
    MAX_ACCESS_POINT_NUMBER,
    AccessPointId,
    AccessPointNumber,
    ControllerId,
    FacilityId,
)

FILE_NAME = "installation.json"
_PRIVATE_BITS = 0o077


class NotInstalled(Exception):
    """The controller cannot run: a file is missing, damaged or open to others; one sentence."""


@dataclass(frozen=True, slots=True)
class InstalledReader:
    """One reader: `certificate` is CRED_R as issued."""

    access_point: AccessPointId
    number: AccessPointNumber
    reader_id: ReaderId
    certificate: bytes


@dataclass(frozen=True, slots=True)
class Installation:
    """The whole of it; `root` as received, pinned from then on."""

    controller: ControllerId
    issuer: str
    root: bytes
    readers: tuple[InstalledReader, ...]

    @property
    def facility(self) -> FacilityId:
        """The facility all access points lie in: the first segment of their paths."""
        return FacilityId(self.readers[0].access_point.partition("/")[0])

    def with_certificate(self, reader_id: ReaderId, certificate: bytes) -> "Installation":
        """The installation with one reader's renewed certificate."""
        return replace(
            self,
            readers=tuple(
                replace(reader, certificate=certificate)
                if reader.reader_id == reader_id
                else reader
                for reader in self.readers
            ),
        )


def write_installation(state_directory: Path, installation: Installation) -> None:
    """Keep it durably."""
    members = {
        "controller_id": installation.controller,
        "issuer": installation.issuer,
        "root": base64url(installation.root),
        "readers": [
            {
                "access_point": reader.access_point,
                "number": reader.number,
                "reader_id": reader.reader_id.hex(),
                "certificate": base64url(reader.certificate),
            }
            for reader in installation.readers
        ],
    }
    replace_file(state_directory / FILE_NAME, json.dumps(members, indent=1).encode())


def read_installation(config: DoorConfig) -> Installation:
    """The installation of the controller that `config` describes; NotInstalled."""
    path = config.state_directory / FILE_NAME
    stored = read_file(path)
    if stored is None:
        raise NotInstalled(f"expected {path}, got none: run lockagent provision first")
    try:
        installation = installation_from(json.loads(stored))
    except ValueError as error:
        raise NotInstalled(f"expected an installation in {path}, got: {error}") from error
    if installation.issuer != config.issuer:
        sentence = f"expected an installation by {config.issuer}, got one by {installation.issuer}"
        raise NotInstalled(sentence)
    wanted = [reader.access_point for reader in config.readers]
    if sorted(wanted) != sorted(reader.access_point for reader in installation.readers):
        sentence = "expected the installed readers to be those of door.toml, got others"
        raise NotInstalled(f"{sentence}: run lockagent provision with a new code")
    return installation


def installation_from(members: object) -> Installation:
    """Read what the server answers and the file keeps; ValueError where it is not that."""
    answer = _object(members)
    listed = answer.get("readers")
    if not isinstance(listed, list) or not listed:
        raise ValueError("expected one or more readers, got none")
    readers = [_object(item) for item in listed]
    return Installation(
        controller=ControllerId(_text(answer, "controller_id")),
        issuer=_text(answer, "issuer"),
        root=_bytes(answer, "root"),
        readers=tuple(
            InstalledReader(
                access_point=AccessPointId(_text(reader, "access_point")),
                number=_number(reader),
                reader_id=_reader_id(reader),
                certificate=_bytes(reader, "certificate"),
            )
            for reader in readers
        ),
    )


def read_key(path: Path) -> SoftwareKey:
    """The private key in a PEM file of mode 0600; NotInstalled."""
    try:
        if path.stat().st_mode & _PRIVATE_BITS:
            raise NotInstalled(f"expected {path} for its owner alone: run chmod 600 {path}")
        return SoftwareKey.from_pem(path.read_bytes())
    except FileNotFoundError as error:
        sentence = f"expected a key in {path}, got no file: run lockagent provision first"
        raise NotInstalled(sentence) from error
    except OSError as error:
        raise NotInstalled(f"expected to read {path}, got: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise NotInstalled(f"expected a P-256 private key in {path}, got something else") from error


def read_or_make_key(path: Path) -> SoftwareKey:
    """The key in `path`, made and kept there where there is none; NotInstalled, OSError."""
    if path.exists():
        return read_key(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = SoftwareKey.generate()
    replace_file(path, key.to_pem())
    return key


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ValueError("expected a JSON object, got something else")
    return value


def _text(members: Mapping[str, object], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"expected {name} as a text, got something else")
    return value


def _bytes(members: Mapping[str, object], name: str) -> bytes:
    try:
        return from_base64url(_text(members, name))
    except MalformedMessage as error:
        raise ValueError(f"{name}: {error}") from error


def _number(members: Mapping[str, object]) -> AccessPointNumber:
    value = members.get("number")
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("expected number as a whole number, got something else")
    if not 1 <= value <= MAX_ACCESS_POINT_NUMBER:
        raise ValueError(f"expected number from 1 to {MAX_ACCESS_POINT_NUMBER}, got {value}")
    return AccessPointNumber(value)


def _reader_id(members: Mapping[str, object]) -> ReaderId:
    reader_id = bytes.fromhex(_text(members, "reader_id"))
    if len(reader_id) != READER_ID_BYTES:
        raise ValueError(f"expected reader_id of {READER_ID_BYTES} bytes, got {len(reader_id)}")
    return ReaderId(reader_id)
