"""What a simulated phone remembers of a reader's GATT database, and how it finds it out.

Real phones keep attribute handles in their systems; `virtual_bleak` keeps them here. The cache
saves time and nothing else: a damaged file is an empty one, and wrong handles are forgotten by
whoever finds them wrong.
"""

import json
import os
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path

from bumble.core import UUID
from bumble.gatt import GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR
from bumble.gatt_client import Client

from lockagent.protocol.gatt import (
    ABOUT_UUID,
    EXCHANGE_UUID,
    READER_CERTIFICATE_UUID,
    SERVICE_UUID,
)


@dataclass(frozen=True, slots=True)
class GattHandles:
    """Where a reader's attributes are."""

    service: int
    exchange: int
    exchange_configuration: int
    reader_certificate: int
    about: int


class GattCache:
    """Handles by the reader's address, in memory and, where a path is given, on disk."""

    def __init__(self, path: Path | None = None) -> None:
        """Read what is kept at `path`."""
        self._path = path
        self._handles: dict[str, GattHandles] = {}
        if path is not None:
            with suppress(OSError, ValueError, TypeError, AttributeError):
                kept = json.loads(path.read_text())
                self._handles = {at: GattHandles(*map(int, each)) for at, each in kept.items()}

    def find(self, address: str) -> GattHandles | None:
        """The handles of the reader at `address`, if known."""
        return self._handles.get(address)

    def keep(self, address: str, handles: GattHandles) -> None:
        """Remember what discovery found."""
        self._handles[address] = handles
        self._write()

    def forget(self, address: str) -> None:
        """Discover anew next time."""
        if self._handles.pop(address, None) is not None:
            self._write()

    def _write(self) -> None:
        if self._path is None:
            return
        kept = {address: astuple(handles) for address, handles in self._handles.items()}
        draft = self._path.with_suffix(".new")
        draft.unlink(missing_ok=True)  # left by a write cut short
        with open(draft, "w", opener=_private) as file:
            json.dump(kept, file)
        os.replace(draft, self._path)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_EXCL, 0o600)


async def discover(gatt: Client) -> GattHandles:
    """Find the service, its characteristics and the configuration of `exchange`, or LookupError."""
    services = await gatt.discover_service(UUID(str(SERVICE_UUID)))
    if len(services) != 1:
        raise LookupError(f"expected one service of a reader, got {len(services)}")
    found = {
        one.uuid.to_hex_str("-").lower(): one
        for one in await gatt.discover_characteristics([], services[0])
    }
    try:
        exchange = found[str(EXCHANGE_UUID)]
        certificate = found[str(READER_CERTIFICATE_UUID)]
        about = found[str(ABOUT_UUID)]
    except KeyError as error:
        raise LookupError(
            f"expected the characteristics of a reader, {error} is missing"
        ) from error
    for descriptor in await gatt.discover_descriptors(exchange):
        if descriptor.type == GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR:
            return GattHandles(
                services[0].handle,
                exchange.handle,
                descriptor.handle,
                certificate.handle,
                about.handle,
            )
    raise LookupError("expected a client configuration at the reader, it has none")
