"""One phone at one reader, from connect to disconnect: frames, timers, and the order of messages.

SPEC.md sections 2, 4 and 6. Rules kept here:
- one EDHOC session a connection; its state is one variable, replaced at each message;
- a message_1 that comes before the subscription is held, and answered when the phone subscribes;
- bytes out of order free the buffers and end the link, and nothing is sent;
- a failure of steps 1 to 7 is answered by the fixed EDHOC error, counted, and ends the link;
- a denial leaves 150 ms after the last fragment of message_3, whatever its reason; a grant at once;
- 5 s to message_1, 5 s from message_2 to message_3, 10 s from connect to RESULT, 5 s after it.

What is true is judged in `exchange`; whether the door opens is concluded by the access point, which
has written the journal before it returns.
"""

import asyncio
import logging
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass

from lockagent.access import AccessPoint
from lockagent.beliefs import Beliefs
from lockagent.exchange import Judgement, Opening, ReaderIdentity, Refusal, answer, judge
from lockagent.link import Connection, LinkLost
from lockagent.protocol.edhoc.refusal import answer_to
from lockagent.protocol.edhoc.responder import WaitMessage3
from lockagent.protocol.errors import (
    CoarseReason,
    DenialReason,
    MalformedMessage,
    ProtocolError,
    VerificationError,
)
from lockagent.protocol.framing import Channel, Message, Reassembly, split
from lockagent.protocol.records import NONCE_BYTES, RecordType, Result
from lockagent.protocol.verification import DoorView, SeenCredentials
from lockagent.ready_keys import ReadyKeys

_AWAITED_FIRST = (Channel.EDHOC,)
_AWAITED_THIRD = (Channel.EDHOC, Channel.EDHOC_ERROR)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SessionTiming:
    """The seconds a session has; the defaults are those of SPEC.md 4.6 and 6.

    `first_message_seconds` run from connect to message_1, `third_message_seconds` from message_2 to
    message_3, `whole_seconds` from connect to RESULT, `linger_seconds` from RESULT on;
    `denial_seconds` after the last fragment of message_3 a denial leaves.
    """

    first_message_seconds: float = 5.0
    third_message_seconds: float = 5.0
    whole_seconds: float = 10.0
    linger_seconds: float = 5.0
    denial_seconds: float = 0.150


SPEC_TIMING = SessionTiming()


class DoorSession:
    """The session of one connection."""

    def __init__(
        self,
        connection: Connection,
        identity: ReaderIdentity,
        access: AccessPoint,
        beliefs: Beliefs,
        ready_keys: ReadyKeys,
        seen: SeenCredentials,
        timing: SessionTiming = SPEC_TIMING,
    ) -> None:
        """Begin when the phone has connected; the timers start now."""
        self._connection = connection
        self._identity = identity
        self._access = access
        self._beliefs = beliefs
        self._ready_keys = ready_keys
        self._seen = seen
        self._timing = timing
        self._loop = asyncio.get_running_loop()
        self._reassembly = Reassembly()
        self._awaited: tuple[Channel, ...] = _AWAITED_FIRST
        self._held: Message | None = None
        self._waiting: WaitMessage3 | None = None
        self._message_2_at = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_ending = False
        self._is_over = False
        self._whole = self._loop.call_later(timing.whole_seconds, self._give_up)
        self._step = self._loop.call_later(timing.first_message_seconds, self._give_up)

    def subscribed(self) -> None:
        """The phone hears us now: answer what was held."""
        if self._held is not None:
            message, self._held = self._held, None
            self._take_message_1(message)

    def written(self, fragment: bytes) -> None:
        """One fragment from the phone; one that comes after its session has failed is dropped."""
        if self._is_ending or self._is_over:
            return
        try:
            message = self._reassembly.take(fragment, self._awaited)
        except MalformedMessage as error:
            logger.info("reader %s: %s", self._identity.reader_id.hex(), error)
            self._access.count_failure(DenialReason.MALFORMED)
            self._give_up()
            return
        if message is None:
            return
        self._awaited = ()
        if message.channel is Channel.EDHOC_ERROR:
            self._give_up()
        elif self._waiting is not None:
            self._take_message_3(message.content, self._loop.time())
        elif self._connection.is_subscribed:
            self._take_message_1(message)
        else:
            self._held = message

    def ended(self) -> None:
        """The phone is gone: forget all but what is being concluded, which the journal needs."""
        self._is_over = True
        self._whole.cancel()
        self._step.cancel()
        self._stop_taking()

    def _take_message_1(self, message: Message) -> None:
        self._step.cancel()
        try:
            waiting, message_2 = answer(message.content, self._identity, self._ready_keys.take())
        except ProtocolError as error:
            self._access.count_failure(DenialReason.MALFORMED)
            self._end_with_error(answer_to(error), self._loop.time())
            return
        self._waiting = waiting
        self._awaited = _AWAITED_THIRD
        self._message_2_at = self._loop.time()
        self._step = self._loop.call_later(self._timing.third_message_seconds, self._give_up)
        self._run(self._send_message_2(message_2))

    async def _send_message_2(self, message_2: bytes) -> None:
        await self._send(Message(Channel.EDHOC, message_2))
        self._ready_keys.refill()

    def _take_message_3(self, received: bytes, arrived: float) -> None:
        self._step.cancel()
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            raise RuntimeError("expected a session that awaits message_3, got one that does not")
        round_trip_ms = round((arrived - self._message_2_at) * 1000)
        try:
            judgement = judge(waiting, received, self._view, self._seen, round_trip_ms)
        except VerificationError as error:
            logger.info("reader %s: %s", self._identity.reader_id.hex(), error)
            self._access.count_failure(error.reason)
            self._end_with_error(
                answer_to(MalformedMessage()), arrived + self._timing.denial_seconds
            )
            return
        verdict = judgement.verdict
        if isinstance(verdict, Refusal):
            opening = self._access.refuse(verdict.error, verdict.cti, verdict.next_opening)
        else:
            opening = self._access.conclude(verdict)
        self._run(self._send_result(judgement, opening, arrived))

    async def _send_result(self, judgement: Judgement, opening: Opening, arrived: float) -> None:
        if not opening.granted:
            await self._sleep_until(arrived + self._timing.denial_seconds)
        record = judgement.result_sender().seal(RecordType.RESULT, self._result(opening).encode())
        await self._send(Message(Channel.RECORD, record))
        if self._is_over:
            return
        self._whole.cancel()
        # The phone ends the link when it has read RESULT; one that does not is ended here.
        self._step = self._loop.call_later(self._timing.linger_seconds, self._give_up)

    def _result(self, opening: Opening) -> Result:
        snapshot = self._beliefs.snapshot(self._access.number)
        nonce = secrets.token_bytes(NONCE_BYTES)
        if opening.coarse is CoarseReason.TIME_NEEDED or not snapshot.is_clock_narrow:
            nonce = self._beliefs.time_nonce()
        return Result(
            granted=opening.granted,
            strike_seconds=opening.strike_seconds,
            reason=opening.coarse,
            next_opening=opening.next_opening,
            bundle=snapshot.trust.version,
            has_chunk=False,
            nonce=nonce,
        )

    def _view(self) -> DoorView:
        snapshot = self._beliefs.snapshot(self._access.number)
        return DoorView(
            realm=self._beliefs.realm,
            facility=self._beliefs.facility,
            point=self._access.number,
            is_sensitive=snapshot.is_sensitive,
            trust=snapshot.trust,
            hi=snapshot.hi,
            is_clock_narrow=snapshot.is_clock_narrow,
        )

    def _end_with_error(self, error: bytes, at: float) -> None:
        """Say the EDHOC error no earlier than `at`, and end the link; nothing more is taken."""
        self._stop_taking()
        self._run(self._say_error(error, at))

    async def _say_error(self, error: bytes, at: float) -> None:
        await self._sleep_until(at)
        await self._send(Message(Channel.EDHOC_ERROR, error))
        await self._connection.disconnect()

    async def _send(self, message: Message) -> None:
        for fragment in split(message, self._connection.fragment_bytes):
            if self._is_over:
                return
            if not self._connection.is_subscribed:
                raise LinkLost("expected a phone that hears us, it has unsubscribed")
            await self._connection.notify(fragment)

    async def _sleep_until(self, at: float) -> None:
        await asyncio.sleep(max(0.0, at - self._loop.time()))

    def _give_up(self) -> None:
        """End the link and say nothing."""
        if not self._is_ending:
            self._stop_taking()
            self._run(self._connection.disconnect())

    def _stop_taking(self) -> None:
        self._is_ending = True
        self._awaited = ()
        self._held = self._waiting = None
        self._reassembly = Reassembly()

    def _run(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except LinkLost:
            logger.info("reader %s: the phone went", self._identity.reader_id.hex())
        except RuntimeError:
            # We called things in the wrong order: the session ends, the strike stays unpowered.
            logger.exception("reader %s: session ended", self._identity.reader_id.hex())
            await self._connection.disconnect()
