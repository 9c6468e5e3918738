"""The door's side of the radio, as the rest of the program sees it: `Peripheral` and what it tells.

One `Peripheral` is one reader: it advertises the reader, answers `about` and `reader_certificate`
itself, and passes the fragments of `exchange` up and down without reading them. A controller with
several access points has one `Peripheral` for each, because a connection must say which access
point it came to.

Rules every adapter keeps:
- the listener is called from the event loop, in order: `connected`, then any of `subscribed` and
  `written`, then `disconnected` once, and nothing of that connection afterwards;
- `written` may come before `subscribed`; the listener holds what it cannot answer yet;
- a fragment that does not fit is an error here, never cut; a failed send is `LinkLost`;
- an exception in the listener ends that connection alone and is logged, with the peer answered;
- advertising goes on after each connect and disconnect while fewer than the most connections stand.

What the fragments mean, timers and sessions belong to `lockagent.session` and its neighbours.
"""

from dataclasses import dataclass
from typing import NewType, Protocol

from lockagent.protocol.gatt import PROTOCOL_VERSION, ReaderId, ReaderState

ConnectionId = NewType("ConnectionId", int)
"""Never used twice in one process: a radio stack's connection handle is."""


class LinkLost(Exception):
    """The phone is gone, or went while we sent."""


class RadioLost(Exception):
    """The radio itself is not there: no adapter, no socket, or it went away."""


@dataclass(frozen=True, slots=True)
class DoorService:
    """What one reader shows on the air.

    `certificate` is the reader certificate as issued, at most 512 bytes; empty before the first.
    """

    reader_id: ReaderId
    certificate: bytes
    versions: tuple[int, ...] = (PROTOCOL_VERSION,)


class Connection(Protocol):
    """One phone, from connect to disconnect."""

    @property
    def id(self) -> ConnectionId:
        """The name under which the listener keeps this connection."""
        ...

    @property
    def att_mtu(self) -> int:
        """The ATT MTU as agreed so far, 23 at first: it may grow once, before any fragment."""
        ...

    @property
    def fragment_bytes(self) -> int:
        """The longest fragment `notify` takes now, header byte included."""
        ...

    @property
    def is_subscribed(self) -> bool:
        """Whether the phone has asked for notifications of `exchange`."""
        ...

    async def notify(self, fragment: bytes) -> None:
        """Send one fragment to this phone alone; returns when the radio stack has taken it.

        LinkLost when the phone is gone; RuntimeError when it has not subscribed; ValueError for a
        fragment that is empty or longer than `fragment_bytes`.
        """
        ...

    async def rssi(self) -> int | None:
        """The phone's signal strength in dBm as the radio measures it, None where it cannot."""
        ...

    async def disconnect(self) -> None:
        """End the link; returns at once where it has ended already."""
        ...


class LinkListener(Protocol):
    """Who is told. Plain calls: whoever must wait starts a task of its own."""

    def connected(self, connection: Connection) -> None:
        """A phone is here; its timers start now."""
        ...

    def subscribed(self, connection: Connection) -> None:
        """From now on `notify` reaches it. Called once a connection."""
        ...

    def written(self, connection: Connection, fragment: bytes) -> None:
        """One value written to `exchange`, 0 to 512 bytes, not looked into."""
        ...

    def disconnected(self, connection: Connection) -> None:
        """It is gone, whoever ended it."""
        ...


class Peripheral(Protocol):
    """One reader on the air."""

    async def start(self, service: DoorService, listener: LinkListener) -> None:
        """Open the radio and advertise; RadioLost when there is none."""
        ...

    async def show_state(self, state: ReaderState) -> None:
        """Change the state byte of the advertisement."""
        ...

    def replace_certificate(self, certificate: bytes) -> None:
        """Serve a renewed reader certificate from the next read on."""
        ...

    async def wait_lost(self) -> None:
        """Return when the radio has gone away; the owner decides whether to start anew."""
        ...

    async def stop(self) -> None:
        """Disconnect everyone and leave the air; nothing is called afterwards."""
        ...
