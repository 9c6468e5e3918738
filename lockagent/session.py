"""One phone at one reader, from connect to disconnect: frames, timers, and the order of messages.

SPEC.md sections 2, 4 and 6. Rules kept here:
- one EDHOC session a connection; its state is one variable, replaced at each message;
- a message_1 that comes before the subscription is held, and answered when the phone subscribes;
- bytes out of order free the buffers and end the link, and nothing is sent;
- a failure of steps 1 to 7 is answered by the fixed EDHOC error, counted, and ends the link;
- a denial leaves 150 ms after the last fragment of message_3, whatever its reason; a grant at once;
- 5 s to message_1, 5 s from message_2 to message_3, 10 s from connect to RESULT.

What is true is judged in `exchange`; whether the door opens is concluded by the access point, which
has written the journal before it returns.
"""

import asyncio
import logging
import secrets
from collections.abc import Coroutine
from typing import Protocol

from lockagent.clock import WIDEST_SECONDS, WIDEST_SENSITIVE_SECONDS
from lockagent.exchange import Judgement, ReaderIdentity, Refusal, answer, judge
from lockagent.link import Connection, LinkLost
from lockagent.protocol.edhoc.refusal import answer_to
from lockagent.protocol.edhoc.responder import WaitMessage3
from lockagent.protocol.envelope import Realm
from lockagent.protocol.errors import (
    CoarseReason,
    DenialReason,
    MalformedMessage,
    ProtocolError,
    VerificationError,
)
from lockagent.protocol.framing import Channel, Message, Reassembly, split
from lockagent.protocol.records import NONCE_BYTES, RecordType, Result
from lockagent.protocol.trust import TrustState
from lockagent.protocol.verification import DoorView, SeenCredentials, VerifiedPresentation
from lockagent.ready_keys import ReadyKeys
from policies.vocabulary import AccessPointNumber, FacilityId, Instant

FIRST_MESSAGE_SECONDS = 5.0
THIRD_MESSAGE_SECONDS = 5.0
WHOLE_SECONDS = 10.0
LINGER_SECONDS = 2.0
DENIAL_SECONDS = 0.150

_AWAITED_FIRST = (Channel.EDHOC,)
_AWAITED_THIRD = (Channel.EDHOC, Channel.EDHOC_ERROR)

logger = logging.getLogger(__name__)


class Opening(Protocol):
    """What an access point concluded, as far as RESULT says it."""

    @property
    def granted(self) -> bool:
        """Whether the strike was released."""

    @property
    def strike_seconds(self) -> int:
        """For how long; 0 unless granted."""

    @property
    def coarse(self) -> CoarseReason:
        """Why not, coarsely."""

    @property
    def next_opening(self) -> Instant | None:
        """The start of the next window the credential has here."""


class AccessConclusion(Protocol):
    """Steps 13 to 16: the access point behind the reader."""

    @property
    def number(self) -> AccessPointNumber:
        """The access point this reader stands at."""

    async def conclude(self, presented: VerifiedPresentation) -> Opening:
        """Door mode, limits, journal, strike; returns when the journal is durable."""

    async def refuse(
        self,
        refusal: VerificationError,
        presented_cti: bytes | None,
        next_opening: Instant | None = None,
    ) -> Opening:
        """Journal a denial of steps 8 to 12, and say it as RESULT will."""

    def count_failure(self, reason: DenialReason) -> None:
        """Count a failure of steps 1 to 7 by minute and reason."""


class BeliefSnapshot(Protocol):
    """Trust and clock at one moment."""

    @property
    def trust(self) -> TrustState:
        """The trust state."""

    @property
    def lo(self) -> Instant:
        """The earliest the true time may be."""

    @property
    def hi(self) -> Instant | None:
        """The latest, None where it is unbounded."""

    @property
    def is_sensitive(self) -> bool:
        """Whether the access point is a sensitive one."""


class DoorBeliefs(Protocol):
    """What the controller believes now."""

    @property
    def realm(self) -> Realm:
        """The world and tenant."""

    @property
    def facility(self) -> FacilityId:
        """The facility all access points of the controller lie in."""

    def snapshot(self, point: AccessPointNumber) -> BeliefSnapshot:
        """Trust and clock, taken together."""

    def time_nonce(self) -> bytes:
        """A nonce (16 bytes) that a time token may answer."""


class DoorSession:
    """The session of one connection."""

    def __init__(
        self,
        connection: Connection,
        identity: ReaderIdentity,
        access: AccessConclusion,
        beliefs: DoorBeliefs,
        ready_keys: ReadyKeys,
        seen: SeenCredentials,
    ) -> None:
        """Begin when the phone has connected; the timers start now."""
        self._connection = connection
        self._identity = identity
        self._access = access
        self._beliefs = beliefs
        self._ready_keys = ready_keys
        self._seen = seen
        self._loop = asyncio.get_running_loop()
        self._reassembly = Reassembly()
        self._awaited: tuple[Channel, ...] = _AWAITED_FIRST
        self._held: Message | None = None
        self._waiting: WaitMessage3 | None = None
        self._message_2_at = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_over = False
        self._whole = self._loop.call_later(WHOLE_SECONDS, self._give_up)
        self._step = self._loop.call_later(FIRST_MESSAGE_SECONDS, self._give_up)

    def subscribed(self) -> None:
        """The phone hears us now: answer what was held."""
        if self._held is not None:
            message, self._held = self._held, None
            self._take_message_1(message)

    def written(self, fragment: bytes) -> None:
        """One fragment from the phone."""
        if self._is_over:
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
        self._held = self._waiting = None
        self._reassembly = Reassembly()

    def _take_message_1(self, message: Message) -> None:
        self._step.cancel()
        try:
            waiting, message_2 = answer(message.content, self._identity, self._ready_keys.take())
        except ProtocolError as error:
            self._access.count_failure(DenialReason.MALFORMED)
            self._run(self._end_with_error(answer_to(error), self._loop.time()))
            return
        self._waiting = waiting
        self._awaited = _AWAITED_THIRD
        self._run(self._send_message_2(message_2))

    async def _send_message_2(self, message_2: bytes) -> None:
        self._message_2_at = self._loop.time()
        self._step = self._loop.call_later(THIRD_MESSAGE_SECONDS, self._give_up)
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
            self._run(self._end_with_error(answer_to(MalformedMessage()), arrived + DENIAL_SECONDS))
            return
        self._run(self._conclude(judgement, arrived))

    async def _conclude(self, judgement: Judgement, arrived: float) -> None:
        verdict = judgement.verdict
        if isinstance(verdict, Refusal):
            opening = await self._access.refuse(verdict.error, verdict.cti, verdict.next_opening)
        else:
            opening = await self._access.conclude(verdict)
        if not opening.granted:
            await self._sleep_until(arrived + DENIAL_SECONDS)
        record = judgement.result_sender().seal(RecordType.RESULT, self._result(opening).encode())
        await self._send(Message(Channel.RECORD, record))
        self._whole.cancel()
        # The phone ends the link when it has read RESULT; one that does not is ended here.
        self._step = self._loop.call_later(LINGER_SECONDS, self._give_up)

    def _result(self, opening: Opening) -> Result:
        asks_for_time = opening.coarse is CoarseReason.TIME_NEEDED
        trust = self._beliefs.snapshot(self._access.number).trust
        return Result(
            granted=opening.granted,
            strike_seconds=opening.strike_seconds,
            reason=opening.coarse,
            next_opening=opening.next_opening,
            bundle=trust.version,
            has_chunk=False,
            nonce=self._beliefs.time_nonce() if asks_for_time else secrets.token_bytes(NONCE_BYTES),
        )

    def _view(self) -> DoorView:
        snapshot = self._beliefs.snapshot(self._access.number)
        widest = WIDEST_SENSITIVE_SECONDS if snapshot.is_sensitive else WIDEST_SECONDS
        return DoorView(
            realm=self._beliefs.realm,
            facility=self._beliefs.facility,
            point=self._access.number,
            is_sensitive=snapshot.is_sensitive,
            trust=snapshot.trust,
            hi=snapshot.hi,
            is_clock_narrow=snapshot.hi is not None and snapshot.hi - snapshot.lo <= widest,
        )

    async def _end_with_error(self, error: bytes, at: float) -> None:
        await self._sleep_until(at)
        await self._send(Message(Channel.EDHOC_ERROR, error))
        await self._connection.disconnect()

    async def _send(self, message: Message) -> None:
        for fragment in split(message, self._connection.fragment_bytes):
            if self._is_over:
                return
            await self._connection.notify(fragment)

    async def _sleep_until(self, at: float) -> None:
        await asyncio.sleep(max(0.0, at - self._loop.time()))

    def _give_up(self) -> None:
        self._awaited = ()
        self._run(self._connection.disconnect())

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
