"""Where signing keys live: a port opened by URI, one key for each role.

Rules kept here:
- a key is opened when it is first asked for, so `root` is opened by the verbs that need it and
  never by `serve`, which asks for `SERVING_ROLES` only;
- a key file that others than its owner may read or write is refused (abuse case E15);
- a key is written once, mode 0600, and never over another file;
- errors name the role and the file, and nothing of what the file holds.

`file:PATH` holds PKCS#8 PEM. `pkcs11:` (RFC 7512) comes in a later version and is refused by name.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from keyserver.config import KeyRole
from keyserver.errors import SignerUnavailable
from lockagent.protocol.keys import SigningKey, SoftwareKey

SERVING_ROLES = tuple(role for role in KeyRole if role is not KeyRole.ROOT)


class Signers:
    """The signing keys of one tenant, opened when asked for and then kept."""

    __slots__ = ("_opened", "_uris")

    def __init__(self, uris: Mapping[KeyRole, str]) -> None:
        self._uris = uris
        self._opened: dict[KeyRole, SigningKey] = {}

    def key(self, role: KeyRole) -> SigningKey:
        """The key of `role`, or SignerUnavailable."""
        if role not in self._opened:
            self._opened[role] = open_key(role, self._uris[role])
        return self._opened[role]

    def file(self, role: KeyRole) -> Path:
        """The file of `role`'s key; SignerUnavailable where it lives in no file."""
        return _file_of(role, self._uris[role])


def open_key(role: KeyRole, uri: str) -> SigningKey:
    """Open the key that `uri` names, or SignerUnavailable with one sentence."""
    path = _file_of(role, uri)
    try:
        mode = path.stat().st_mode
        if stat.S_IMODE(mode) & 0o077:
            raise SignerUnavailable(
                f"expected the {role} key in {path} to be its owner's only (chmod 600), "
                f"got mode {stat.S_IMODE(mode):o}"
            )
        return SoftwareKey.from_pem(path.read_bytes())
    except OSError as error:
        reason = (error.strerror or "an error").lower()
        raise SignerUnavailable(f"expected the {role} key in {path}, got: {reason}") from error
    except (ValueError, TypeError) as error:
        raise SignerUnavailable(
            f"expected the {role} key in {path} as an unencrypted P-256 PEM, got something else"
        ) from error


def write_new_key(path: Path) -> SoftwareKey:
    """Make a key and write it to `path`, which must not exist; SignerUnavailable otherwise."""
    key = SoftwareKey.generate()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.to_pem())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        reason = (error.strerror or "an error").lower()
        raise SignerUnavailable(f"expected to write a new key to {path}, got: {reason}") from error
    return key


def _file_of(role: KeyRole, uri: str) -> Path:
    scheme, _, rest = uri.partition(":")
    if scheme == "pkcs11":
        raise SignerUnavailable(
            f"expected the {role} key as file:PATH, got pkcs11:, which this version cannot open"
        )
    if scheme != "file":
        raise SignerUnavailable(f"expected the {role} key as file:PATH, got another scheme")
    return Path(rest)
