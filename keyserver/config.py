"""`keyserver.toml` (interfaces.md 6), read once into a frozen value and passed by argument.

Rules kept here:
- plain HTTP is spoken to loopback only, and only in the development environment;
- URLs are built from `public_url` alone, never from what a request claims;
- the town's clock is refused outside development, by `time_source.clock_of`;
- every tenant names a key for every role; the keys themselves are opened by `keyserver.signing`.

Paths are relative to the folder of the file. Faults name file, line and key.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from lockagent.protocol.configuration import ConfigurationError, Table, read_table
from policies.vocabulary import Environment, TenantId, is_short_id

FILE_NAME = "keyserver.toml"
DATABASE_SCHEME = "sqlite:"


class KeyRole(StrEnum):
    """What a signing key is for; one key each (protocol.md, *Keys*)."""

    CREDENTIAL = "credential"
    READER = "reader"
    BUNDLE = "bundle"
    TIME = "time"
    ACK = "ack"
    TOKEN = "token"
    ROOT = "root"


@dataclass(frozen=True, slots=True)
class Listen:
    """Where a socket listens; port 0 lets the system choose."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files of a certificate chain and its key."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Config:
    """What an installation is told; `database` is the SQLite file, `signers` key URIs."""

    path: Path
    environment: Environment
    listen: Listen
    operations_listen: Listen | None
    public_url: str
    database: Path
    clock: str
    tls: Tls | None
    signers: Mapping[TenantId, Mapping[KeyRole, str]]

    def issuer(self, tenant: TenantId) -> str:
        """The one string that phones and controllers of a tenant keep."""
        return f"{self.public_url}/t/{tenant}"


def read_config(path: Path) -> Config:
    """Read and check the file at `path`; ConfigurationError with file, line and key."""
    table = read_table(path)
    environment = _environment(table)
    listen = _listen(table, "listen")
    config = Config(
        path=path.resolve(),
        environment=environment,
        listen=listen,
        operations_listen=(
            _listen(table, "operations_listen") if "operations_listen" in table.names() else None
        ),
        public_url=_public_url(table, environment),
        database=_database(table),
        clock=table.text("clock", "system"),
        tls=_tls(table),
        signers=_signers(table.table("signers")),
    )
    table.close()
    if config.tls is None and not is_loopback(listen.host):
        raise table.fault(
            "listen",
            "expected a loopback address, or tls_certificate and tls_key, got neither: "
            "plain HTTP leaves this machine through a proxy only",
        )
    return config


def is_loopback(host: str) -> bool:
    """Whether `host` names this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def url_fault(url: str, environment: Environment) -> str | None:
    """What is wrong with `url` as a public URL here, as a sentence; None if nothing is."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "expected a URL such as https://keys.example.no, got no URL"
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        return "expected a URL such as https://keys.example.no, got another form"
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        return "expected a URL without path, query and fragment, got one with"
    if parts.scheme == "http":
        if environment is not Environment.DEVELOPMENT:
            return f"expected https in environment {environment}, got http"
        if not is_loopback(host):
            return "expected https, or http to loopback, got http to another host"
    return None


def _environment(table: Table) -> Environment:
    written = table.text("environment")
    try:
        return Environment(written)
    except ValueError as error:
        known = ", ".join(Environment)
        raise table.fault("environment", f"expected one of {known}, got {written!r}") from error


def _listen(table: Table, key: str) -> Listen:
    written = table.text(key)
    host, colon, port = written.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) < 1 << 16):
        raise table.fault(key, f'expected "host:port", got {written!r}')
    return Listen(host.strip("[]"), int(port))


def _public_url(table: Table, environment: Environment) -> str:
    written = table.text("public_url")
    fault = url_fault(written, environment)
    if fault is not None:
        raise table.fault("public_url", fault)
    return written.rstrip("/")


def _database(table: Table) -> Path:
    written = table.text("database")
    name = written.removeprefix(DATABASE_SCHEME)
    if name == written or not name:
        raise table.fault("database", f'expected "{DATABASE_SCHEME}PATH", got another form')
    return table.beside(name)


def _tls(table: Table) -> Tls | None:
    certificate = table.optional_path("tls_certificate")
    key = table.optional_path("tls_key")
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        missing = "tls_certificate" if certificate is None else "tls_key"
        raise table.fault(missing, "expected tls_certificate and tls_key together, got one")
    return Tls(certificate, key)


def _signers(table: Table) -> Mapping[TenantId, Mapping[KeyRole, str]]:
    signers: dict[TenantId, Mapping[KeyRole, str]] = {}
    for name in table.names():
        tenant = table.table(name)
        if not is_short_id(name):
            raise table.fault(name, "expected a tenant of 1 to 16 of a-z 0-9 -, got another name")
        signers[TenantId(name)] = {role: _signer_uri(tenant, role) for role in KeyRole}
        tenant.close()
    if not signers:
        raise ConfigurationError(f"{table.file}: signers: expected one [signers.TENANT], got none")
    return signers


def _signer_uri(table: Table, role: KeyRole) -> str:
    """The URI of a role's key, its path made absolute; the scheme is `signing`'s to judge."""
    written = table.text(role)
    scheme, colon, rest = written.partition(":")
    if not colon or not rest:
        raise table.fault(role, 'expected "file:PATH", got another form')
    return f"file:{table.beside(rest)}" if scheme == "file" else written
