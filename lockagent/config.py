"""`door.toml`, read into a value that can be relied upon: interfaces.md 6.

```toml
controller = "torshov-cabinet"       # the place file's name for this controller
issuer = "https://keys.example/t/oslo"
environment = "production"           # production, test or development
state_directory = "state"
agent_key = "keys/agent.pem"
radio = "usb:0"                      # usb:N, serial:PATH or unix:PATH
hardware = "simulated:/run/door.sock"
clock = "system"                     # town:PATH in development
trusted_rtc = false                  # whether that clock survives a power cut and may be believed
drift_ppm = 20
[[reader]]
access_point = "torshov/entrance/main"
key = "keys/main.pem"
```

Rules kept here: the issuer is one of this environment (`protocol.issuer`); one reader an access
point, one key a reader, at most four readers; all access points in one facility; `gpio:` hardware
is refused, since this version drives none. The files it names are opened elsewhere.
"""

from dataclasses import dataclass
from pathlib import Path

from lockagent.protocol.configuration import Table, read_table
from lockagent.protocol.issuer import Issuer, parse_issuer
from policies.vocabulary import AccessPointId, Environment, TenantId, is_slug

MOST_READERS = 4
MOST_DRIFT_PPM = 1000
_RADIOS = ("usb:", "serial:", "unix:")


@dataclass(frozen=True, slots=True)
class ReaderConfig:
    """One reader: the access point it stands at, and the file of its static key."""

    access_point: AccessPointId
    key: Path


@dataclass(frozen=True, slots=True)
class DoorConfig:
    """Everything `lockagent` is told; paths absolute, no file opened yet."""

    controller: str
    issuer: str
    tenant: TenantId
    environment: Environment
    state_directory: Path
    agent_key: Path
    radio: str
    control_socket: Path
    clock: str
    trusted_rtc: bool
    drift_ppm: int
    readers: tuple[ReaderConfig, ...]


def read_config(path: Path) -> DoorConfig:
    """The configuration in the file `path`; ConfigurationError with file, line and key."""
    table = read_table(path)
    environment = _environment(table)
    issuer = _issuer(table, environment)
    controller = table.text("controller")
    if not is_slug(controller):
        raise table.fault("controller", "expected 1 to 64 of a-z 0-9 . / -, got another text")
    config = DoorConfig(
        controller=controller,
        issuer=issuer.url,
        tenant=issuer.tenant,
        environment=environment,
        state_directory=table.path("state_directory"),
        agent_key=table.path("agent_key"),
        radio=_radio(table),
        control_socket=_control_socket(table),
        clock=_clock(table, environment),
        trusted_rtc=table.flag("trusted_rtc", default=False),
        drift_ppm=table.number("drift_ppm", 0, MOST_DRIFT_PPM, default=20),
        readers=_readers(table),
    )
    table.close()
    return config


def _environment(table: Table) -> Environment:
    text = table.text("environment")
    try:
        return Environment(text)
    except ValueError as error:
        known = ", ".join(Environment)
        raise table.fault("environment", f"expected one of {known}, got {text!r}") from error


def _issuer(table: Table, environment: Environment) -> Issuer:
    try:
        return parse_issuer(table.text("issuer"), environment)
    except ValueError as error:
        raise table.fault("issuer", str(error)) from error


def _radio(table: Table) -> str:
    radio = table.text("radio")
    for kind in _RADIOS:
        if radio.startswith(kind) and len(radio) > len(kind):
            if kind == "unix:":
                return kind + str(table.beside(radio.removeprefix(kind)))
            return radio
    raise table.fault("radio", f"expected usb:N, serial:PATH or unix:PATH, got {radio!r}")


def _control_socket(table: Table) -> Path:
    hardware = table.text("hardware")
    if hardware.startswith("gpio:"):
        raise table.fault("hardware", "expected simulated:SOCKET: this version drives no gpio")
    socket = hardware.removeprefix("simulated:")
    if socket == hardware or not socket:
        raise table.fault("hardware", f"expected simulated:SOCKET, got {hardware!r}")
    return table.beside(socket)


def _clock(table: Table, environment: Environment) -> str:
    clock = table.text("clock", default="system")
    if clock == "system":
        return clock
    path = clock.removeprefix("town:")
    if path == clock or not path:
        raise table.fault("clock", f'expected "system" or "town:PATH", got {clock!r}')
    if environment is not Environment.DEVELOPMENT:
        raise table.fault("clock", "expected a town's clock in development only")
    return f"town:{table.beside(path)}"


def _readers(table: Table) -> tuple[ReaderConfig, ...]:
    readers: list[ReaderConfig] = []
    for each in table.tables("reader"):
        access_point = AccessPointId(each.text("access_point"))
        key = each.path("key")
        each.close()
        if not is_slug(access_point):
            sentence = "expected a path of 1 to 64 of a-z 0-9 . / -, got another text"
            raise each.fault("access_point", sentence)
        if any(access_point == other.access_point for other in readers):
            raise each.fault("access_point", f"expected one reader for {access_point}, got two")
        if any(key == other.key for other in readers):
            raise each.fault("key", "expected a key of its own for each reader, got one twice")
        if (
            access_point.partition("/")[0]
            != (readers or [ReaderConfig(access_point, key)])[0].access_point.partition("/")[0]
        ):
            raise each.fault("access_point", "expected all in one facility, got a second one")
        readers.append(ReaderConfig(access_point, key))
    if len(readers) > MOST_READERS:
        raise table.fault("reader", f"expected at most {MOST_READERS}, got {len(readers)}")
    return tuple(readers)
