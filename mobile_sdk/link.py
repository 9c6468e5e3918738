"""The phone's side of the radio: `Radio` finds readers, `Link` is one connection to one of them.

Rules every adapter keeps: a fragment that does not fit is a ValueError, never cut; whatever ends
the link while someone waits is `LinkLost`, at once and not after a timeout; `close` may be called
at any time and twice, and the unlock path never waits for it.

`connect` returns as soon as fragments may be sent. The subscription to notifications is asked for
at the same time and not waited for: the door holds a first message that comes before it
(SPEC.md 4.1), which saves two connection intervals. Bytes are not read here.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Protocol

from lockagent.protocol.gatt import About, ReaderId, ReaderState


@dataclass(frozen=True, slots=True)
class Sighting:
    """One advertisement heard: who it says it is, how loud (dBm), and from which address.

    `device` is the adapter's own handle for connecting.
    """

    reader_id: ReaderId
    state: ReaderState
    version: int
    rssi: int
    address: str
    device: object = field(repr=False, compare=False)


class Link(Protocol):
    """One connection to one reader."""

    @property
    def fragment_bytes(self) -> int:
        """The longest fragment `send` takes now, header byte included."""
        ...

    async def send(self, fragment: bytes) -> None:
        """Write one fragment to `exchange`; LinkLost when the reader is gone."""
        ...

    async def receive(self) -> bytes:
        """The next fragment notified, in order; LinkLost when none will come any more."""
        ...

    async def read_reader_certificate(self) -> bytes:
        """The certificate the reader serves; not trusted for being there."""
        ...

    async def read_about(self) -> About:
        """The versions and the MTU the reader states; MalformedMessage when it makes no sense."""
        ...

    async def close(self) -> None:
        """Disconnect. Call it off the unlock path: BlueZ takes two seconds."""
        ...


class Radio(Protocol):
    """The phone's Bluetooth: one scan and any number of links."""

    def sightings(self) -> AsyncGenerator[Sighting, None]:
        """Advertisements of our readers as they are heard, until the generator is closed.

        An adapter that cannot scan at all raises DoorNotFound from the generator.
        """
        ...

    async def connect(self, sighting: Sighting, timeout: float) -> Link:
        """Connect within `timeout` seconds, or LinkLost."""
        ...

    async def close(self) -> None:
        """Give the radio back."""
        ...
