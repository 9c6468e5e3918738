"""The air: who hears whom, which links stand, and when what is sent arrives.

Rules it keeps:
- a link exists at both ends or at neither; one advertisement is answered by one phone;
- packets of one direction arrive in order, however late;
- a host that dies without a word is noticed by its peers after the supervision timeout;
- total loss, or a signal at `DEAF_DBM` or below, ends links the same way.

Timing is `conditions`, HCI is `controller`, sockets are `hosting`.
"""

import asyncio
import itertools
import random
from dataclasses import dataclass, field

from bumble import hci, ll
from bumble.controller import Controller
from bumble.core import PhysicalTransport
from bumble.link import LocalLink
from bumble.transport.common import Transport, TransportSink

from firmware_stubs.simulated_radio.conditions import (
    DEAF_DBM,
    NOMINAL_INTERVAL_SECONDS,
    Conditions,
    ConnectionEvents,
    arrival,
    retransmissions,
)
from firmware_stubs.simulated_radio.controller import RadioController
from firmware_stubs.simulated_radio.hosting import Hosting

_ESTABLISHING_INTERVALS = 6  # Core 5.4, Vol 6 Part B, 4.5: then 0x3E
_FIRST_ANCHOR_SECONDS = 0.00125
_LEAST_SUPERVISION_SECONDS = 0.1
_CONTROL_BYTES = 12
_ORDER_SECONDS = 1e-6  # keeps packets in order on a clock that may not tell them apart

_TIMED_OUT = hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
_NOT_ESTABLISHED = hci.HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR


@dataclass(frozen=True, slots=True)
class End:
    """One end of a link."""

    controller: RadioController
    address: hci.Address


@dataclass(slots=True, eq=False)
class RadioLink:
    """One connection: two ends, a rhythm, and how far each direction is booked."""

    central: End
    peripheral: End
    events: ConnectionEvents
    supervision_seconds: float
    busy_until: float = 0.0
    last_arrival: dict[hci.Address, float] = field(default_factory=dict)
    is_dying: bool = False

    def end_at(self, address: hci.Address) -> End:
        """The end whose own address is `address`."""
        return self.central if address == self.central.address else self.peripheral

    def touches(self, controller: RadioController) -> bool:
        """Whether `controller` is one of the ends."""
        return controller in (self.central.controller, self.peripheral.controller)


class Air(LocalLink):
    """One air. Everything runs on the event loop it was made in."""

    def __init__(self, conditions: Conditions | None = None, seed: int = 1) -> None:
        """An empty air; `seed` makes its losses repeatable."""
        super().__init__()  # type: ignore[no-untyped-call] # why: bumble's has no types
        self._hosting = Hosting(self._add_host)
        self._conditions = conditions or Conditions()
        self._rssi_by_address: dict[hci.Address, int] = {}
        self._links: set[RadioLink] = set()
        self._random = random.Random(seed)
        self._numbers = itertools.count(1)

    async def serve_unix(self, path: str) -> None:
        """Accept HCI hosts on a unix socket; ValueError for a path above 107 bytes."""
        await self._hosting.serve_unix(path)

    async def serve_tcp(self, host: str, port: int) -> int:
        """Accept HCI hosts on a TCP socket; the port in use."""
        return await self._hosting.serve_tcp(host, port)

    async def open_hci(self) -> Transport:
        """A controller for a host in this process, as bumble's `open_transport` gives one."""
        return self._hosting.open_pipe()

    async def close(self) -> None:
        """Everyone leaves."""
        await self._hosting.close()
        for controller in tuple(self.controllers):
            if isinstance(controller, RadioController):
                controller.leave()

    @property
    def conditions(self) -> Conditions:
        """The air as it is."""
        return self._conditions

    @conditions.setter
    def conditions(self, conditions: Conditions) -> None:
        """Change the air, for the links that stand too (their interval stays)."""
        self._conditions = conditions
        self._drop_unheard_links()

    def set_rssi(self, address: str, rssi_dbm: int | None) -> None:
        """How loud the transmitter at `address` is heard; None: as everyone."""
        for kind in (hci.Address.PUBLIC_DEVICE_ADDRESS, hci.Address.RANDOM_DEVICE_ADDRESS):
            one = hci.Address(address, kind)
            if rssi_dbm is None:
                self._rssi_by_address.pop(one, None)
            else:
                self._rssi_by_address[one] = rssi_dbm
        self._drop_unheard_links()

    def rssi_from(self, address: hci.Address) -> int:
        """How loud `address` is heard, in dBm."""
        return self._rssi_by_address.get(address, self._conditions.rssi_dbm)

    def links(self) -> tuple[tuple[str, str], ...]:
        """The links that stand: addresses of central and peripheral."""
        return tuple(
            (one.central.address.to_string(False), one.peripheral.address.to_string(False))
            for one in self._links
        )

    def break_links(self, address: str) -> int:
        """End all links of the host at `address`, as if the two had moved apart; how many."""
        broken = [
            one
            for one in self._links
            if address.upper()
            in (one.central.address.to_string(False), one.peripheral.address.to_string(False))
        ]
        for link in broken:
            self._lose(link)
        return len(broken)

    # What the controllers ask of the air

    def send_advertising_pdu(
        self, sender_controller: Controller, packet: ll.AdvertisingPdu
    ) -> None:
        """To everyone who hears it; an advertisement lost is not sent again."""
        if isinstance(packet, ll.AdvInd | ll.AdvExtInd) and self._is_unheard(
            packet.advertiser_address
        ):
            return
        loop = asyncio.get_running_loop()
        for controller in self.controllers:
            if controller is not sender_controller and self._random.random() >= (
                self._conditions.loss
            ):
                loop.call_soon(controller.on_ll_advertising_pdu, packet)

    def join(
        self,
        initiator: RadioController,
        own_address: hci.Address,
        peer_address: hci.Address,
        supervision_seconds: float,
    ) -> None:
        """Make the link asked for, or say after six intervals that it did not come about."""
        loop = asyncio.get_running_loop()
        interval = self._conditions.interval_seconds or NOMINAL_INTERVAL_SECONDS
        advertiser = self._advertiser_at(peer_address)
        if advertiser is None or self._link_between(own_address, peer_address) is not None:
            loop.call_later(
                _ESTABLISHING_INTERVALS * interval,
                initiator.refuse_connection,
                peer_address,
                _NOT_ESTABLISHED,
            )
            return
        supervision = max(supervision_seconds, _LEAST_SUPERVISION_SECONDS)
        link = RadioLink(
            End(initiator, own_address),
            End(advertiser, peer_address),
            ConnectionEvents(loop.time() + _FIRST_ANCHOR_SECONDS, interval),
            supervision,
        )
        self._links.add(link)
        advertiser.take_connection(
            hci.Role.PERIPHERAL, peer_address, own_address, interval, supervision
        )
        initiator.take_connection(
            hci.Role.CENTRAL, own_address, peer_address, interval, supervision
        )
        self._drop_unheard_links()

    def leave(self, controller: RadioController) -> None:
        """`controller` transmits no more: who had a link with it will time out."""
        for link in [one for one in self._links if one.touches(controller)]:
            self._lose(link)

    def remove_controller(self, controller: Controller) -> None:
        """Forget a controller; twice is once."""
        self.controllers.discard(controller)

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: PhysicalTransport,
        data: bytes,
    ) -> None:
        """Data over a standing link; over one that is gone it is lost."""
        connection = sender_controller.le_connections.get(destination_address)
        if transport != PhysicalTransport.LE or connection is None:
            return
        link = self._link_between(connection.self_address, destination_address)
        if link is None or link.is_dying:
            return
        peer = link.end_at(destination_address)
        asyncio.get_running_loop().call_at(
            self._arrival(link, destination_address, len(data)),
            peer.controller.on_link_acl_data,
            connection.self_address,
            transport,
            data,
        )

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        """A link-layer control packet, behind the data sent before it."""
        link = self._link_between(sender_address, receiver_address)
        if link is None or link.is_dying:
            return
        if isinstance(packet, ll.TerminateInd):
            link.is_dying = True
        asyncio.get_running_loop().call_at(
            self._arrival(link, receiver_address, _CONTROL_BYTES),
            self._deliver_control,
            link,
            receiver_address,
            packet,
        )

    # Inside

    def _add_host(self, sink: TransportSink) -> RadioController:
        number = next(self._numbers)
        address = bytes((number & 255, number >> 8 & 255, number >> 16 & 255, 0x00, 0xAA, 0x00))
        public_address = hci.Address(address, hci.Address.PUBLIC_DEVICE_ADDRESS)
        return RadioController(self, self, sink, public_address)

    def _deliver_control(
        self, link: RadioLink, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        if link not in self._links:
            return
        if isinstance(packet, ll.TerminateInd):
            self._links.discard(link)
        sender = link.peripheral if receiver_address == link.central.address else link.central
        receiver = link.end_at(receiver_address)
        if isinstance(packet, ll.TerminateInd):
            receiver.controller.lose_connection(sender.address, packet.error_code)
        else:
            receiver.controller.on_ll_control_pdu(sender.address, packet)

    def _arrival(self, link: RadioLink, to: hci.Address, payload_bytes: int) -> float:
        now = asyncio.get_running_loop().time()
        conditions = self._conditions
        again = retransmissions(conditions.loss, self._random.random)
        when = now
        if conditions.interval_seconds is not None:
            when = arrival(link.events, now, link.busy_until, payload_bytes)
            link.busy_until = when
        when += again * link.events.interval + conditions.latency_seconds
        when = max(when, link.last_arrival.get(to, 0.0) + _ORDER_SECONDS)
        link.last_arrival[to] = when
        return when

    def _advertiser_at(self, address: hci.Address) -> RadioController | None:
        for controller in self.controllers:
            if isinstance(controller, RadioController) and controller.is_advertising_as(address):
                return controller
        return None

    def _link_between(self, one: hci.Address, other: hci.Address) -> RadioLink | None:
        for link in self._links:
            if {link.central.address, link.peripheral.address} == {one, other}:
                return link
        return None

    def _is_unheard(self, address: hci.Address) -> bool:
        return self._conditions.loss >= 1 or self.rssi_from(address) <= DEAF_DBM

    def _drop_unheard_links(self) -> None:
        for link in tuple(self._links):
            if self._is_unheard(link.central.address) or self._is_unheard(link.peripheral.address):
                self._lose(link)

    def _lose(self, link: RadioLink) -> None:
        """Nothing passes any more; both ends notice after the supervision timeout."""
        if link.is_dying:
            return
        link.is_dying = True
        asyncio.get_running_loop().call_later(link.supervision_seconds, self._time_out, link)

    def _time_out(self, link: RadioLink) -> None:
        self._links.discard(link)
        link.central.controller.lose_connection(link.peripheral.address, _TIMED_OUT)
        link.peripheral.controller.lose_connection(link.central.address, _TIMED_OUT)
