"""One unlock over the radio: find the reader, connect, present, hear the result.

The steps of the proof are `lockagent.protocol.presentation`'s; here they meet a `Radio`. Rules:
- message_1 is ready before anything connects, and nothing but the four messages is waited for;
- a door that does not prove itself gets the fixed error and a disconnect, and nothing of ours;
- fragments out of order are a lost link: nothing is sent, and the link is closed (SPEC.md 4.1);
- a link that is lost is tried once more with the same attempt number, so that an opening whose
  answer was lost is answered again and not counted twice (SPEC.md 4);
- 10 s from connecting to the result; disconnecting is left to the caller, off this path.

Who may open is neither asked nor answered here.
"""

import asyncio
import secrets
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass

from lockagent.protocol.edhoc.refusal import ErrorCode, ErrorMessage, encode_error
from lockagent.protocol.errors import CoarseReason, ProtocolError
from lockagent.protocol.framing import Channel, Message, Reassembly, split
from lockagent.protocol.gatt import ReaderId
from lockagent.protocol.keys import SoftwareKey
from lockagent.protocol.presentation import (
    AnsweredDoor,
    AwaitingDoor,
    DoorNotVerified,
    HeldCredential,
    begin,
    present,
    read_door,
    read_result,
    verify_door,
)
from lockagent.protocol.records import OpenRequest, Result
from mobile_sdk.errors import DoorNotAuthentic, LinkLost
from mobile_sdk.link import Link, Radio
from mobile_sdk.scanning import find_reader
from policies.vocabulary import Instant

SESSION_SECONDS = 10.0
CONNECT_SECONDS = 5.0
TRIES = 2

_FIXED_ERROR = encode_error(ErrorMessage(ErrorCode.UNSPECIFIED))

Progress = Callable[[str], None]
"""Told the name of each step as it begins: what a person sees while waiting."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is asked, with which credential, of which readers; `at` is the phone's time."""

    held: HeldCredential
    request: OpenRequest
    reader_ids: Collection[ReaderId]
    at: Instant


@dataclass(frozen=True, slots=True)
class DoorAnswer:
    """What the door said, and how long it took from connecting."""

    reason: CoarseReason
    strike_seconds: int
    next_opening: Instant | None
    elapsed_ms: int


async def unlock(
    radio: Radio,
    attempt: Attempt,
    find_seconds: float,
    progress: Progress,
    release: Callable[[Link], None],
) -> DoorAnswer:
    """Make the attempt; DoorNotFound, DoorNotAuthentic or LinkLost where no answer comes of it.

    `release` is given each link when it is done with.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            return await _unlock_once(radio, attempt, find_seconds, progress, release)
        except LinkLost:
            if not tries_left:
                raise
            progress("retrying")
    raise RuntimeError("expected at least one try, got none")


async def _unlock_once(
    radio: Radio,
    attempt: Attempt,
    find_seconds: float,
    progress: Progress,
    release: Callable[[Link], None],
) -> DoorAnswer:
    state, message_1 = begin(attempt.held, attempt.request, SoftwareKey.generate())
    progress("finding")
    sighting = await find_reader(radio, attempt.reader_ids, find_seconds)
    now = asyncio.get_running_loop().time
    started = now()
    progress("connecting")
    link = await radio.connect(sighting, CONNECT_SECONDS)
    try:
        async with asyncio.timeout_at(started + SESSION_SECONDS):
            result = await _Exchange(link, attempt, progress).run(state, message_1)
    except TimeoutError:
        raise LinkLost(f"expected a result within {SESSION_SECONDS:g} s, got none") from None
    finally:
        release(link)
    elapsed_ms = round((now() - started) * 1000)
    if result is None:
        return DoorAnswer(CoarseReason.OTHER, 0, None, elapsed_ms)
    return DoorAnswer(result.reason, result.strike_seconds, result.next_opening, elapsed_ms)


class _Exchange:
    """The four messages over one link."""

    def __init__(self, link: Link, attempt: Attempt, progress: Progress) -> None:
        self._link = link
        self._attempt = attempt
        self._progress = progress
        self._incoming = Reassembly()

    async def run(self, state: AwaitingDoor, message_1: bytes) -> Result | None:
        """The result; None where the door ended the session without one."""
        await self._send(Channel.EDHOC, message_1)
        self._progress("verifying")
        message_2 = await self._receive(Channel.EDHOC)
        if message_2.channel is Channel.EDHOC_ERROR:
            raise LinkLost("expected message_2, got an error: the door takes no session now")
        try:
            answered = read_door(state, message_2.content)
            certificate = await self._certificate_of(answered)
            verified = verify_door(answered, certificate, self._attempt.at)
        except DoorNotVerified as error:
            with suppress(LinkLost):
                await self._send(Channel.EDHOC_ERROR, _FIXED_ERROR)
            raise DoorNotAuthentic(str(error)) from error
        self._progress("presenting")
        awaiting, presentation = present(verified, secrets.token_bytes)
        await self._send(Channel.EDHOC, presentation)
        self._progress("waiting")
        answer = await self._receive(Channel.RECORD)
        if answer.channel is Channel.EDHOC_ERROR:
            return None
        try:
            return read_result(awaiting, answer.content)
        except ProtocolError as error:
            raise LinkLost(f"expected a result of this session, got: {error}") from error

    async def _certificate_of(self, answered: AnsweredDoor) -> bytes:
        """The certificate the door named: expected, or read from the door (SPEC.md 5.1, P3)."""
        if answered.certificate is not None:
            return answered.certificate
        return await self._link.read_reader_certificate()

    async def _send(self, channel: Channel, content: bytes) -> None:
        for fragment in split(Message(channel, content), self._link.fragment_bytes):
            await self._link.send(fragment)

    async def _receive(self, channel: Channel) -> Message:
        while True:
            fragment = await self._link.receive()
            try:
                message = self._incoming.take(fragment, (channel, Channel.EDHOC_ERROR))
            except ProtocolError as error:
                raise LinkLost(f"expected fragments of a message, got: {error}") from error
            if message is not None:
                return message
