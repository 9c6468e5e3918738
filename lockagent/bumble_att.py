"""bumble's ATT server, with its permissions enforced: what a hostile phone meets first.

bumble 0.0.236 does not check attribute permissions (one unauthenticated write replaces a service
declaration), leaves a phone without an answer when something raises, and logs a traceback for
each malformed packet. So every packet comes in through `receive` here, and only what is listed
is passed on:
- two handles can be written, `exchange` and its client configuration; every other is refused;
- reads and discovery go to bumble for readable attributes; long and multiple writes, multiple
  reads and signed writes are answered "not supported", so nothing queues up;
- a packet longer than the ATT MTU, empty, or not parseable is an invalid PDU;
- the MTU is agreed once; a second exchange is refused, so that it never changes in a message;
- whatever raises is answered with "unlikely error" and logged once, without the phone's bytes.
Enhanced bearers (EATT) are never offered, so there is no second way in.

Source: Core 5.4, Vol 3 Part F (ATT), 3.3 and 3.4. Fragments are handed on unread.
"""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol, cast

from bumble import att, gatt
from bumble.core import BaseBumbleError
from bumble.device import Connection as BumbleConnection
from bumble.device import Device
from bumble.gatt_server import Server

from lockagent.protocol.gatt import MAX_ATTRIBUTE_BYTES

_logger = logging.getLogger(__name__)

_MOST_RUNNING = 16
"""Requests of one phone in progress; ATT allows one (Part F, 3.3.2), so more is an attack."""

_SERVED = {
    att.Opcode.ATT_EXCHANGE_MTU_REQUEST,
    att.Opcode.ATT_FIND_INFORMATION_REQUEST,
    att.Opcode.ATT_FIND_BY_TYPE_VALUE_REQUEST,
    att.Opcode.ATT_READ_BY_TYPE_REQUEST,
    att.Opcode.ATT_READ_REQUEST,
    att.Opcode.ATT_READ_BLOB_REQUEST,
    att.Opcode.ATT_READ_BY_GROUP_TYPE_REQUEST,
    att.Opcode.ATT_WRITE_REQUEST,
    att.Opcode.ATT_WRITE_COMMAND,
}
_CONFIGURATIONS = (b"\x00\x00", b"\x01\x00")
_COMMAND_BIT = 0x40


class ExchangeListener(Protocol):
    """Who is told what reached `exchange`; may raise, which ends the connection."""

    def on_fragment(self, connection: BumbleConnection, fragment: bytes) -> None:
        """A value written."""
        ...

    def on_subscription(self, connection: BumbleConnection, is_subscribed: bool) -> None:
        """The client configuration written."""
        ...


class AttServer(Server):
    """The ATT server of one reader."""

    def __init__(self, device: Device, listener: ExchangeListener) -> None:
        """An empty database; `exchange` is named by `add_exchange_service`."""
        super().__init__(device)
        self._listener = listener
        self._exchange: gatt.Characteristic[bytes] | None = None
        self._running: dict[BumbleConnection, int] = {}
        self._agreed: set[BumbleConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def add_exchange_service(
        self, service: gatt.Service, exchange: gatt.Characteristic[bytes]
    ) -> None:
        """Add the one service whose `exchange` can be written."""
        self.add_service(service)
        self._exchange = exchange

    def forget(self, connection: BumbleConnection) -> None:
        """The phone is gone."""
        self._running.pop(connection, None)
        self._agreed.discard(connection)

    def receive(self, connection: BumbleConnection, received: bytes) -> None:
        """One ATT packet from a phone: answered, passed on, or dropped. Never raises."""
        if not received or received[0] & 1:
            return  # a response or a notification: this door asks phones nothing
        opcode, is_command = received[0], bool(received[0] & _COMMAND_BIT)
        if len(received) > connection.att_mtu:
            self._refuse(connection, opcode, 0, att.ErrorCode.INVALID_PDU)
            return
        if opcode not in _SERVED:
            if not is_command and opcode != att.Opcode.ATT_HANDLE_VALUE_CONFIRMATION:
                self._refuse(connection, opcode, 0, att.ErrorCode.REQUEST_NOT_SUPPORTED)
            return
        try:
            pdu = att.ATT_PDU.from_bytes(received)
            self._dispatch(connection, pdu)
        except att.ATT_Error as error:
            self._refuse(connection, opcode, error.att_handle, error.error_code)
        except (BaseBumbleError, ValueError, IndexError, TypeError, KeyError) as error:
            _logger.warning("an ATT packet could not be read: %s", type(error).__name__)
            self._refuse(connection, opcode, 0, att.ErrorCode.INVALID_PDU)

    def _dispatch(self, connection: BumbleConnection, pdu: att.ATT_PDU) -> None:
        if isinstance(pdu, att.ATT_Write_Request | att.ATT_Write_Command):
            self._write(connection, pdu.attribute_handle, pdu.attribute_value)
            if isinstance(pdu, att.ATT_Write_Request):
                self.send_response(connection, att.ATT_Write_Response())
            return
        if isinstance(pdu, att.ATT_Exchange_MTU_Request):
            if connection in self._agreed or pdu.client_rx_mtu < att.ATT_DEFAULT_MTU:
                raise att.ATT_Error(att.ErrorCode.REQUEST_NOT_SUPPORTED)
            self._agreed.add(connection)
        self._require_readable(pdu)
        # why: bumble's own wrappers drop what their handlers raise, and the phone would hang
        wrapper = getattr(Server, f"on_{pdu.name.lower()}")
        handler = cast(
            Callable[..., Awaitable[None] | None], getattr(wrapper, "__wrapped__", wrapper)
        )
        self._run(connection, pdu, handler)

    def _run(
        self,
        connection: BumbleConnection,
        pdu: att.ATT_PDU,
        handler: Callable[..., Awaitable[None] | None],
    ) -> None:
        if self._running.get(connection, 0) >= _MOST_RUNNING:
            raise att.ATT_Error(att.ErrorCode.INSUFFICIENT_RESOURCES)
        answering = handler(self, connection, pdu)
        if not inspect.isawaitable(answering):
            return
        self._running[connection] = self._running.get(connection, 0) + 1
        task = asyncio.ensure_future(self._answer(connection, pdu, answering))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(
        self, connection: BumbleConnection, pdu: att.ATT_PDU, answering: Awaitable[None]
    ) -> None:
        try:
            await answering
        except att.ATT_Error as error:
            self._refuse(connection, pdu.op_code, error.att_handle, error.error_code)
        except Exception as error:  # noqa: BLE001 # why: whatever it is, the phone gets an answer
            _logger.warning("a read failed: %s", type(error).__name__)
            self._refuse(connection, pdu.op_code, 0, att.ErrorCode.UNLIKELY_ERROR)
        finally:
            if connection in self._running:
                self._running[connection] -= 1

    def _write(self, connection: BumbleConnection, handle: int, value: bytes) -> None:
        exchange = self._exchange
        if self.get_attribute(handle) is None:
            raise att.ATT_Error(att.ErrorCode.INVALID_HANDLE, handle)
        if exchange is None or handle not in (exchange.handle, exchange.end_group_handle):
            raise att.ATT_Error(att.ErrorCode.WRITE_NOT_PERMITTED, handle)
        if handle == exchange.handle:
            if len(value) > MAX_ATTRIBUTE_BYTES:
                raise att.ATT_Error(att.ErrorCode.INVALID_ATTRIBUTE_LENGTH, handle)
            self._tell(handle, self._listener.on_fragment, connection, value)
            return
        if len(value) != len(_CONFIGURATIONS[0]):
            raise att.ATT_Error(att.ErrorCode.INVALID_ATTRIBUTE_LENGTH, handle)
        if value not in _CONFIGURATIONS:
            raise att.ATT_Error(att.ErrorCode.CCCD_IMPROPERLY_CONFIGURED, handle)
        self.write_cccd(connection, exchange, value)
        is_subscribed = value == _CONFIGURATIONS[1]
        self._tell(handle, self._listener.on_subscription, connection, is_subscribed)

    def _tell(
        self,
        handle: int,
        call: Callable[[BumbleConnection, bytes], None] | Callable[[BumbleConnection, bool], None],
        connection: BumbleConnection,
        what: bytes | bool,
    ) -> None:
        try:
            call(connection, what)  # type: ignore[arg-type] # why: each caller pairs the two
        except Exception as error:  # why: whatever a listener does, the phone gets an answer
            _logger.exception("the listener of a reader failed")
            raise att.ATT_Error(att.ErrorCode.UNLIKELY_ERROR, handle) from error

    def _require_readable(self, pdu: att.ATT_PDU) -> None:
        if isinstance(pdu, att.ATT_Read_Request | att.ATT_Read_Blob_Request):
            attribute = self.get_attribute(pdu.attribute_handle)
            if attribute is not None and not attribute.permissions & att.Attribute.READABLE:
                raise att.ATT_Error(att.ErrorCode.READ_NOT_PERMITTED, attribute.handle)
        elif isinstance(pdu, att.ATT_Read_By_Type_Request):
            for attribute in self.attributes:
                if (
                    pdu.starting_handle <= attribute.handle <= pdu.ending_handle
                    and attribute.type == pdu.attribute_type
                    and not attribute.permissions & att.Attribute.READABLE
                ):
                    raise att.ATT_Error(att.ErrorCode.READ_NOT_PERMITTED, attribute.handle)
        elif (
            isinstance(pdu, att.ATT_Find_By_Type_Value_Request)
            and pdu.attribute_type != gatt.GATT_PRIMARY_SERVICE_ATTRIBUTE_TYPE
        ):
            raise att.ATT_Error(att.ErrorCode.ATTRIBUTE_NOT_FOUND, pdu.starting_handle)

    def _refuse(
        self, connection: BumbleConnection, opcode: int, handle: int, error_code: int
    ) -> None:
        if opcode & _COMMAND_BIT:
            return  # Part F, 3.3: a command has no answer
        self.send_response(
            connection,
            att.ATT_Error_Response(
                request_opcode_in_error=opcode,
                attribute_handle_in_error=handle,
                error_code=error_code,
            ),
        )
