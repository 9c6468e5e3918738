"""bumble's software controller, with what a phone and a door need of a real one.

bumble 0.0.236 leaves out, and this makes good:
- a connection is made by the air with both ends asked, so two phones that answer one advertisement
  are not both told "connected": the second gets 0x3E, as a real one would after six intervals;
- Create Connection Cancel ends the attempt, with the event a host waits for; Disconnect of a
  connection already gone is an error instead of silence;
- the *Enhanced* Connection Complete event goes to a host that unmasked it (Linux waits for it);
- interval and supervision timeout in that event are those of the link;
- signal strength is the air's, in advertising reports and in Read RSSI;
- a reset, or a host that is gone, ends the links and the advertising of that host.
"""

from typing import Any, Protocol

from bumble import hci
from bumble.controller import Connection, Controller
from bumble.core import PhysicalTransport
from bumble.link import LocalLink

_ENHANCED_CONNECTION_COMPLETE = 1 << 9  # bit of the LE event mask, Core 5.4, Vol 4 Part E, 7.8.1


class Surroundings(Protocol):
    """What a controller asks of the air, beside what bumble has it ask of a link."""

    def rssi_from(self, address: hci.Address) -> int:
        """How loud `address` is heard, in dBm."""

    def join(
        self,
        initiator: "RadioController",
        own_address: hci.Address,
        peer_address: hci.Address,
        supervision_seconds: float,
    ) -> None:
        """Make the link that `initiator` asks for, or refuse it there."""

    def leave(self, controller: "RadioController") -> None:
        """Let the links of a silent controller time out."""

    def remove_controller(self, controller: Controller) -> None:
        """Forget a controller."""


class RadioController(Controller):
    """The controller of one host on the air."""

    le_acl_data_packet_length = 251

    def __init__(
        self, air: Surroundings, link: LocalLink, host: Any, public_address: hci.Address
    ) -> None:
        """Join the air, which is bumble's `link` too; `host` is a sink for HCI packets."""
        super().__init__(
            str(public_address), host_sink=host, link=link, public_address=public_address
        )
        self.air = air

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """To the host, with the air's signal strengths and the event form the host asked for."""
        for report in getattr(packet, "reports", ()):
            report.rssi = self.air.rssi_from(report.address)
        if isinstance(packet, hci.HCI_LE_Connection_Complete_Event) and self._wants_enhanced():
            packet = _enhanced(packet)
        super().send_hci_packet(packet)

    def create_le_connection(self, peer_address: hci.Address) -> None:
        """An advertisement of the peer asked for was heard: answer it."""
        asked = self.pending_le_connection
        if asked is None:
            return
        self.pending_le_connection = None
        is_public = asked.own_address_type == hci.OwnAddressType.PUBLIC
        own_address = self.public_address if is_public else self.random_address
        supervision = (
            asked.supervision_timeouts[0]
            if isinstance(asked, hci.HCI_LE_Extended_Create_Connection_Command)
            else asked.supervision_timeout
        )
        self.air.join(self, own_address, peer_address, supervision * 0.01)

    def take_connection(
        self,
        role: hci.Role,
        own_address: hci.Address,
        peer_address: hci.Address,
        interval_seconds: float,
        supervision_seconds: float,
    ) -> None:
        """The air has made a link: tell the host."""
        connection = Connection(
            controller=self,
            handle=self.allocate_connection_handle(),
            role=role,
            self_address=own_address,
            peer_address=peer_address,
            link=self.link,
            transport=PhysicalTransport.LE,
            link_type=hci.HCI_Connection_Complete_Event.LinkType.ACL,
        )
        self.le_connections[peer_address] = connection
        self.send_hci_packet(
            _connection_complete(
                hci.HCI_ErrorCode.SUCCESS,
                role,
                peer_address,
                connection.handle,
                interval_seconds,
                supervision_seconds,
            )
        )
        if role == hci.Role.PERIPHERAL:
            self._stop_advertising_as(own_address, connection.handle)

    def refuse_connection(self, peer_address: hci.Address, reason: hci.HCI_ErrorCode) -> None:
        """The attempt came to nothing: tell the host, which would wait for ever otherwise."""
        self.send_hci_packet(_connection_complete(reason, hci.Role.CENTRAL, peer_address))

    def lose_connection(self, peer_address: hci.Address, reason: int) -> None:
        """The link to `peer_address` is gone, if there is one."""
        if connection := self.le_connections.get(peer_address):
            self.on_le_disconnected(connection, reason)

    def is_advertising_as(self, address: hci.Address) -> bool:
        """Whether a connection request to `address` reaches this controller now."""
        legacy = self.le_legacy_advertiser
        return (legacy.enabled and legacy.address == address) or any(
            one.enabled and one.address == address for one in self.advertising_sets.values()
        )

    def leave(self) -> None:
        """The host is gone: fall silent and off the air, its links time out at the other end."""
        self._fall_silent()
        self.host = None
        self.air.remove_controller(self)

    def _fall_silent(self) -> None:
        self.le_legacy_advertiser.stop()
        for one in self.advertising_sets.values():
            one.stop()
        self.advertising_sets.clear()
        self.le_scan_enable = False
        self.pending_le_connection = None
        self.air.leave(self)
        self.le_connections.clear()

    def on_hci_reset_command(
        self, _command: hci.HCI_Reset_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Core 5.4, Vol 4 Part E, 7.3.2."""
        self._fall_silent()
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def on_hci_disconnect_command(self, command: hci.HCI_Disconnect_Command) -> None:
        """Core 5.4, Vol 4 Part E, 7.1.6; a handle already gone is an error, not silence."""
        if self.find_connection_by_handle(command.connection_handle) is None:
            self._send_hci_command_status(
                hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR, command.op_code
            )
            return
        super().on_hci_disconnect_command(command)

    def on_hci_le_create_connection_cancel_command(
        self, _command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Core 5.4, Vol 4 Part E, 7.8.13: the attempt ends with status 0x02."""
        asked = self.pending_le_connection
        if asked is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        self.pending_le_connection = None
        self.refuse_connection(
            asked.peer_address, hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR
        )
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def on_hci_read_rssi_command(
        self, command: hci.HCI_Read_RSSI_Command
    ) -> hci.HCI_Read_RSSI_ReturnParameters:
        """Core 5.4, Vol 4 Part E, 7.5.4: said to be supported, and missing, in bumble."""
        connection = self.find_le_connection_by_handle(command.handle)
        if connection is None:
            unknown = hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR
            return hci.HCI_Read_RSSI_ReturnParameters(unknown, command.handle, 127)
        rssi = self.air.rssi_from(connection.peer_address)
        return hci.HCI_Read_RSSI_ReturnParameters(hci.HCI_ErrorCode.SUCCESS, command.handle, rssi)

    def _wants_enhanced(self) -> bool:
        mask: Any = self.le_event_mask
        number = int.from_bytes(mask, "little") if isinstance(mask, bytes) else int(mask)
        return bool(number & _ENHANCED_CONNECTION_COMPLETE)

    def _stop_advertising_as(self, address: hci.Address, connection_handle: int) -> None:
        if self.le_legacy_advertiser.enabled and self.le_legacy_advertiser.address == address:
            self.le_legacy_advertiser.stop()
        for one in self.advertising_sets.values():
            if one.enabled and one.address == address:
                one.stop()
                self.send_hci_packet(
                    hci.HCI_LE_Advertising_Set_Terminated_Event(
                        status=hci.HCI_ErrorCode.SUCCESS,
                        advertising_handle=one.handle,
                        connection_handle=connection_handle,
                        num_completed_extended_advertising_events=0,
                    )
                )


def _connection_complete(
    status: hci.HCI_ErrorCode,
    role: hci.Role,
    peer_address: hci.Address,
    handle: int = 0,
    interval_seconds: float = 0.0,
    supervision_seconds: float = 0.0,
) -> hci.HCI_LE_Connection_Complete_Event:
    return hci.HCI_LE_Connection_Complete_Event(
        status=status,
        connection_handle=handle,
        role=role,
        peer_address_type=peer_address.address_type,
        peer_address=peer_address,
        connection_interval=round(interval_seconds / 0.00125),
        peripheral_latency=0,
        supervision_timeout=round(supervision_seconds / 0.01),
        central_clock_accuracy=0,
    )


def _enhanced(
    event: hci.HCI_LE_Connection_Complete_Event,
) -> hci.HCI_LE_Enhanced_Connection_Complete_Event:
    return hci.HCI_LE_Enhanced_Connection_Complete_Event(
        status=event.status,
        connection_handle=event.connection_handle,
        role=event.role,
        peer_address_type=event.peer_address_type,
        peer_address=event.peer_address,
        local_resolvable_private_address=hci.Address.ANY,
        peer_resolvable_private_address=hci.Address.ANY,
        connection_interval=event.connection_interval,
        peripheral_latency=event.peripheral_latency,
        supervision_timeout=event.supervision_timeout,
        central_clock_accuracy=event.central_clock_accuracy,
    )
