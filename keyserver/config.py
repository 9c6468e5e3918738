"""`keyserver.toml` (interfaces.md 6), read once into a frozen value and passed by argument.

Rules kept here:
- plain HTTP is spoken to loopback only, and only in the development environment;
- URLs are built from `public_url` alone, never from what a request claims;
- the town's clock is refused outside development, by `time_source.clock_of`;
- `operations_listen` is refused: a key that nothing obeys would be believed;
- every tenant names a key for every role; the keys themselves are opened by `keyserver.signing`.

Paths are relative to the folder of the file. Faults name file, line and key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from lockagent.protocol.configuration import ConfigurationError, Table, read_table
from lockagent.protocol.issuer import is_loopback, parse_server_url
from policies.vocabulary import Environment, TenantId, is_short_id

FILE_NAME = "keyserver.toml"
DATABASE_SCHEME = "sqlite:"


class KeyRole(StrEnum):
    """What a signing key is for; one key each (SPEC.md 3.2)."""

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
    if "operations_listen" in table.names():
        raise table.fault("operations_listen", "not served by this version; leave the key out")
    config = Config(
        path=path.resolve(),
        environment=environment,
        listen=listen,
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
    try:
        return parse_server_url(table.text("public_url").removesuffix("/"), environment)
    except ValueError as error:
        raise table.fault("public_url", str(error)) from error


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
