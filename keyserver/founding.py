"""`keyserver init`: a folder with keys, database and configuration, ready to serve.

Rules kept here:
- nothing that exists is overwritten; the configuration is written last, by rename, so a folder that
  has one is whole;
- key files are 0600 in a folder of 0700;
- a development installation whose URL names port 0 gets a free port of loopback, for good: the
  issuer is one string that phones and doors keep.
"""

import os
import socket
import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from keyserver.config import FILE_NAME, Config, KeyRole, read_config
from keyserver.errors import AdministratorError
from keyserver.services.authority import Authority
from keyserver.services.doors.issuer_keys import found_tenant
from keyserver.signing import Signers, write_new_key
from keyserver.storage.schema import bring_up_to_date
from keyserver.storage.store import Store
from lockagent.protocol.envelope import Realm
from lockagent.protocol.issuer import is_loopback, parse_server_url
from lockagent.protocol.time_source import clock_of, instant_of
from policies.vocabulary import Environment, TenantId, is_short_id

DATABASE_NAME = "keyserver.db"
KEYS_FOLDER = "keys"


@dataclass(frozen=True, slots=True)
class Foundation:
    """What an administrator asks `init` for."""

    folder: Path
    tenant: str
    url: str
    environment: Environment
    clock: str
    listen: str | None


async def found_installation(asked: Foundation) -> Config:
    """Make the installation; its configuration as read back."""
    config_file = asked.folder / FILE_NAME
    if config_file.exists():
        raise AdministratorError(f"expected a folder without {FILE_NAME}, got {asked.folder}")
    if not is_short_id(asked.tenant):
        raise AdministratorError("expected a tenant of 1 to 16 of a-z 0-9 -, got another name")
    try:
        server = parse_server_url(asked.url.removesuffix("/"), asked.environment)
    except ValueError as error:
        raise AdministratorError(f"--url: {error}") from error
    try:
        clock_of(asked.clock, asked.environment)
    except ValueError as error:
        raise AdministratorError(f"--clock: {error}") from error
    except OSError as error:
        reason = (error.strerror or "an error").lower()
        raise AdministratorError(f"--clock: expected a clock file, got: {reason}") from error
    for left in (asked.folder / KEYS_FOLDER, asked.folder / DATABASE_NAME):
        if left.exists():
            raise AdministratorError(
                f"expected a folder without {left.name}, got {asked.folder}, where an `init` was "
                "interrupted: remove the folder and run it again"
            )
    url = _with_port(server)
    asked.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = config_file.with_suffix(".draft")
    _write_durably(draft, _config_text(asked, url))
    try:
        config = read_config(draft)
        for role in KeyRole:
            write_new_key(asked.folder / KEYS_FOLDER / f"{role}.pem")
        await _found_database(config, TenantId(asked.tenant))
        draft.rename(config_file)
    finally:
        draft.unlink(missing_ok=True)
    return read_config(config_file)


async def _found_database(config: Config, tenant: TenantId) -> None:
    bring_up_to_date(config.database)
    config.database.chmod(0o600)
    realm = Realm(config.environment, tenant)
    authority = Authority(realm, config.issuer(tenant), Signers(config.signers[tenant]))
    at = instant_of(clock_of(config.clock, config.environment))
    store = Store(config.database)
    try:
        await store.write(lambda connection: found_tenant(connection, authority, at))
    finally:
        store.close()


def _with_port(url: str) -> str:
    """The URL with a free port of loopback where it names port 0."""
    parts = urlsplit(url)
    if parts.port != 0:
        return url
    host = parts.hostname or ""
    if not is_loopback(host):
        raise AdministratorError("--url: expected a port, got 0, which is for loopback only")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port = probe.getsockname()[1]
    written = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{written}:{port}"


def _listen_of(url: str) -> str:
    """Where to listen unless told: where the URL points, or behind a proxy on this machine."""
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname:
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return f"{host}:{parts.port or 80}"
    return "127.0.0.1:8080"


def _config_text(asked: Foundation, url: str) -> str:
    clock = asked.clock
    if clock.startswith("town:"):
        clock = f"town:{Path(clock.removeprefix('town:')).resolve()}"
    lines = [
        f"environment = {_quoted(asked.environment)}",
        f"listen = {_quoted(asked.listen or _listen_of(url))}",
        f"public_url = {_quoted(url)}",
        f"database = {_quoted(f'sqlite:{DATABASE_NAME}')}",
        f"clock = {_quoted(clock)}",
        "",
        f"[signers.{asked.tenant}]",
        *(f"{role} = {_quoted(f'file:{KEYS_FOLDER}/{role}.pem')}" for role in KeyRole),
        "",
    ]
    text = "\n".join(lines)
    tomllib.loads(text)
    return text


def _quoted(text: str) -> str:
    """A TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    if not escaped.isprintable():
        raise AdministratorError("expected printable text for the configuration, got other")
    return f'"{escaped}"'


def _write_durably(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
