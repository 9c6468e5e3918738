"""Keeping in step with the key server, and doing without it: offline is normal.

Two loops that share one link. The first asks for what is newer and lets the server hold the
question for up to 25 s (RFC 7240 `wait`); the second sends journal entries as they are written.
Rules kept here:
- an update is taken in the order roots, bundle, time token, settings, reader certificates, each
  verified as if a stranger had brought it; one that is refused, or that the disk does not take,
  holds no other back; the same refused one is journalled and told once;
- an answer that brought nothing to take is followed by a pause, and the pauses grow;
- the next question names the versions held: that is how the server knows what is in force here;
- what is acknowledged is what was sent, never more: an answer that says otherwise is a fault;
- time is asked for at the start, then hourly, and whenever the interval is too wide;
- a failure is told once when it begins and once when it ends; between them pauses grow, with
  jitter, so that a city's doors do not come back in one second;
- nothing here can stop the door: every failure is a pause.
"""

import asyncio
import hashlib
import logging
import random
from collections.abc import Awaitable, Callable

from lockagent.beliefs import Beliefs
from lockagent.clock import WIDEST_SENSITIVE_SECONDS, ClockRefused
from lockagent.journal import Happening, Journal, detail_of
from lockagent.protocol.access_event import (
    BATCH_ENTRIES,
    Detail,
    EventKind,
    JournalBatch,
    sign_batch,
)
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.keys import SigningKey, base64url
from lockagent.protocol.trust_errors import TrustRefused
from lockagent.protocol.update_answer import UpdateAnswer, decode_update_answer
from lockagent.recorder import Recorder
from lockagent.reporting import Reporter
from lockagent.server_link import ServerLink, ServerRefused, ServerUnavailable

UPDATE_PATH = "/v1/controllers/me/update"
JOURNAL_PATH = "/v1/controllers/me/journal"
WAIT_SECONDS = 25
ASK_TIME_SECONDS = 3600
LEAST_BETWEEN_TIME_SECONDS = 60
LEAST_BETWEEN_QUESTIONS_SECONDS = 1.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 20.0
LONGEST_RETRY_AFTER_SECONDS = 300.0
LAST_SECONDS = 3.0
_GATHER_SECONDS = 0.1
_MOST_REFUSED = 64

logger = logging.getLogger(__name__)


def pause_after(failures: int, jitter: float) -> float:
    """Seconds to wait after so many failures in a row; `jitter` from 0 to 1 spreads them."""
    longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * float(1 << min(failures - 1, 10)))
    return longest * (0.5 + jitter / 2)


class AnswerNotBelieved(Exception):
    """The server has answered what cannot be true."""


class Sync:
    """One controller's updates and uploads."""

    def __init__(
        self,
        link: ServerLink,
        beliefs: Beliefs,
        journal: Journal,
        recorder: Recorder,
        reporter: Reporter,
        agent_key: SigningKey,
        renew_certificate: Callable[[bytes], bool],
    ) -> None:
        """Speak through `link`; `renew_certificate` takes a certificate and says if it was new."""
        self._link = link
        self._beliefs = beliefs
        self._journal = journal
        self._recorder = recorder
        self._reporter = reporter
        self._agent_key = agent_key
        self._renew_certificate = renew_certificate
        self._is_online: bool | None = None
        self._asked_time_at: float | None = None
        self._refused: set[bytes] = set()
        self._fruitless = 0
        self._next = journal.acknowledged + 1

    async def run(self) -> None:
        """Both loops, until cancelled."""
        async with asyncio.TaskGroup() as loops:
            loops.create_task(self._keep(self._follow_updates))
            loops.create_task(self._keep(self.send_journal))

    async def fetch_update(self) -> bool:
        """Ask once for what is newer, take it, and say whether anything was taken.

        ServerUnavailable, ServerRefused.
        """
        query = {"bundle": str(self._beliefs.trust.version)}
        if self._beliefs.settings is not None:
            query["settings"] = str(self._beliefs.settings.version)
        headers, nonce = {"Prefer": f"wait={WAIT_SECONDS}"}, self._nonce_if_needed()
        if nonce is not None:
            query["nonce"] = nonce
            headers = {}
        answer = await self._link.call(
            "GET", UPDATE_PATH, query=query, headers=headers, seconds=WAIT_SECONDS + 15
        )
        self._reached()
        if nonce is not None:
            self._asked_time_at = asyncio.get_running_loop().time()
        if answer.status == 304:
            self._fruitless = 0
            return False
        try:
            update = decode_update_answer(answer.body)
        except MalformedMessage as error:
            raise ServerUnavailable(f"expected an update, got: {error}") from error
        if self.take(update):
            self._fruitless = 0
            return True
        self._fruitless = 0 if update.is_empty else self._fruitless + 1
        return False

    async def send_journal(self) -> None:
        """Send what the server lacks, then wait for news.

        ServerUnavailable, ServerRefused, AnswerNotBelieved.
        """
        self._recorder.has_news.clear()
        while self._next <= self._journal.head.sequence:
            await self._send_batch()
        await self._recorder.has_news.wait()
        await asyncio.sleep(_GATHER_SECONDS)  # what belongs together goes in one batch

    async def send_rest(self, seconds: float = LAST_SECONDS) -> None:
        """At the end: send what is left, if the server was there a moment ago; then let it be."""
        if not self._is_online:
            return
        try:
            async with asyncio.timeout(seconds):
                while self._next <= self._journal.head.sequence:
                    await self._send_batch()
        except (TimeoutError, ServerUnavailable, *_VERDICTS) as error:
            logger.info("the rest of the journal waits: %s", error)

    def take(self, update: UpdateAnswer) -> bool:
        """Take what an answer brings; whether anything was. What is refused is told and left."""
        taken = [self._try("root", self._take_root, root) for root in update.roots]
        if update.bundle is not None:
            taken.append(self._try("bundle", self._take_bundle, update.bundle))
        if update.time_token is not None:
            taken.append(self._try("time", self._take_time_token, update.time_token))
        if update.settings is not None:
            taken.append(self._try("settings", self._take_settings, update.settings))
        taken.extend(
            self._try("certificate", self._take_certificate, certificate)
            for certificate in update.reader_certificates
        )
        return any(taken)

    async def _follow_updates(self) -> None:
        """Ask, and leave a server in peace that has answered nothing, or nothing to be taken."""
        loop = asyncio.get_running_loop()
        asked = loop.time()
        if await self.fetch_update():
            return
        if self._fruitless:
            await asyncio.sleep(pause_after(self._fruitless, random.random()))
        else:
            await asyncio.sleep(max(0.0, LEAST_BETWEEN_QUESTIONS_SECONDS - (loop.time() - asked)))

    async def _send_batch(self) -> None:
        first, entries = self._journal.entries_from(self._next, BATCH_ENTRIES)
        if not entries:
            raise ServerUnavailable(f"expected entry {self._next} to be held, got none to send")
        batch = JournalBatch(self._beliefs.controller, first, tuple(entries))
        try:
            answer = await self._link.call(
                "POST",
                JOURNAL_PATH,
                headers={"Content-Type": "application/cbor"},
                body=sign_batch(batch, self._beliefs.realm, self._agent_key),
            )
        except ServerRefused as error:
            # A server restored to an earlier point asks for entries it once had.
            expected = error.members.get("expected_sequence")
            if error.problem == "journal-gap" and isinstance(expected, int) and expected > 0:
                self._next = min(expected, self._next)
            raise
        self._reached()
        next_sequence = answer.json().get("next_sequence")
        after = first + len(entries)
        if type(next_sequence) is not int or not first < next_sequence <= after:
            raise AnswerNotBelieved(
                f"expected a next sequence from {first + 1} to {after}, got another"
            )
        self._next = next_sequence
        self._journal.acknowledge(next_sequence - 1)
        self._reporter.tell("journal", acknowledged=self._journal.acknowledged)

    def _nonce_if_needed(self) -> str | None:
        """A nonce to ask the time with, where it is due."""
        now = asyncio.get_running_loop().time()
        last = self._asked_time_at
        is_narrow = self._beliefs.reading().is_narrow(WIDEST_SENSITIVE_SECONDS)
        pause = ASK_TIME_SECONDS if is_narrow else LEAST_BETWEEN_TIME_SECONDS
        if last is not None and now - last < pause:
            return None
        return base64url(self._beliefs.time_nonce())

    def _try(self, name: str, take: Callable[[bytes], bool], received: bytes) -> bool:
        """Take one object; whether it was taken. The next one is tried, whatever becomes of it."""
        try:
            return take(received)
        except (MalformedMessage, TrustRefused, ClockRefused) as error:
            if self._is_new_refusal(received):
                details = {"object": name, "detail": detail_of(str(error))}
                self._recorder.note(Happening(EventKind.UPDATE_REFUSED, details=details))
                self._reporter.tell("update_refused", object=name, detail=str(error))
        except OSError as error:
            if self._is_new_refusal(received):
                said = (error.strerror or "an error").lower()
                detail = f"expected the disk to take a {name}, got: {said}"
                self._recorder.note(Happening(EventKind.FAULT, details={"detail": detail}))
                self._reporter.tell("fault", detail=detail)
        return False

    def _is_new_refusal(self, received: bytes) -> bool:
        """Whether these bytes were not refused a moment ago, the last few dozen considered."""
        digest = hashlib.sha256(received).digest()
        if digest in self._refused:
            return False
        if len(self._refused) >= _MOST_REFUSED:
            self._refused.clear()
        self._refused.add(digest)
        return True

    def _take_root(self, received: bytes) -> bool:
        had_settings = self._beliefs.settings is not None
        if not self._beliefs.take_root(received):
            return False
        version = self._beliefs.trust.root.version
        details: dict[str, Detail] = {"root": version}
        if had_settings and self._beliefs.settings is None:
            details["settings"] = "dropped"
        self._recorder.note(Happening(EventKind.TRUST_UPDATED, details=details))
        self._reporter.tell("root", version=version)
        return True

    def _take_bundle(self, received: bytes) -> bool:
        if not self._beliefs.take_bundle(received):
            return False
        version = str(self._beliefs.trust.version)
        self._recorder.note(Happening(EventKind.TRUST_UPDATED, details={"bundle": version}))
        self._reporter.tell("bundle", version=version)
        return True

    def _take_time_token(self, received: bytes) -> bool:
        was_narrow = self._beliefs.reading().is_narrow(WIDEST_SENSITIVE_SECONDS)
        reading = self._beliefs.take_time_token(received)
        if not was_narrow:
            self._recorder.note(Happening(EventKind.CLOCK_CHANGED))
        self._reporter.tell("time", lo=reading.lo, hi=reading.hi)
        return True

    def _take_settings(self, received: bytes) -> bool:
        version = self._beliefs.take_settings(received).version
        self._recorder.note(Happening(EventKind.SETTINGS_UPDATED, details={"version": version}))
        self._reporter.tell("settings", version=version)
        return True

    def _take_certificate(self, received: bytes) -> bool:
        if not self._renew_certificate(received):
            return False
        self._recorder.note(Happening(EventKind.CERTIFICATE_RENEWED))
        return True

    def _reached(self) -> None:
        if not self._is_online:
            self._is_online = True
            self._reporter.tell("online")

    async def _keep(self, once: Callable[[], Awaitable[None]]) -> None:
        """Do it for ever, with growing pauses while it fails."""
        failures, told = 0, ""
        while True:
            try:
                await once()
            except ServerUnavailable as error:
                failures += 1
                if self._is_online is not False:
                    self._is_online = False
                    self._reporter.tell("offline", detail=str(error))
                await asyncio.sleep(max(pause_after(failures, random.random()), _least(error)))
            except _VERDICTS as error:
                failures += 1
                if str(error) != told:
                    told = str(error)
                    self._reporter.tell("fault", detail=f"in step with the server: {error}")
                await asyncio.sleep(pause_after(failures, random.random()))
            else:
                failures, told = 0, ""


_VERDICTS = (ServerRefused, AnswerNotBelieved, OSError)


def _least(error: ServerUnavailable) -> float:
    """What the server asked us to wait, within reason."""
    return min(float(error.retry_after_seconds or 0), LONGEST_RETRY_AFTER_SECONDS)
