"""`Phone`: what an application holds. Enrol or load, refresh, list, open.

Rules kept here:
- a door is asked with a credential that names it and with none other; without one the phone says
  why from the keyring and does not connect;
- with one the door is always asked, whatever the phone's clock says: the door decides;
- the server is asked on the way to a door only where no credential in force names it, or where the
  keyring has it open and what is held does not: rules with limits, and rules that wait for
  somebody, give keys in no other way. The server's no is told then; a server that does not answer
  is no reason not to try the door with what is held;
- a refusal is a value, with a sentence for the person; an error is somebody else's fault.

One `Phone` at a time uses a store. Its methods are for one event loop.
"""

import asyncio
import secrets
from dataclasses import dataclass
from typing import Self

from lockagent.protocol.errors import CoarseReason
from lockagent.protocol.gatt import ReaderId
from lockagent.protocol.reader_certificate import parse_reader_certificate
from lockagent.protocol.records import ATTEMPT_BYTES, OpenRequest
from lockagent.protocol.time_source import Clock, clock_of, instant_of
from mobile_sdk.answers import KeyringFacility, KeyringPoint, RefusedRequest
from mobile_sdk.device_key import KeyStore
from mobile_sdk.enrolment import Enrolment, enrol_phone, load_enrolment
from mobile_sdk.errors import ServerUnavailable
from mobile_sdk.holding import Holding
from mobile_sdk.link import Link, Radio
from mobile_sdk.server import ServerRefused
from mobile_sdk.unlock import Attempt, Progress, unlock
from mobile_sdk.views import (
    AccessPointView,
    Opened,
    RefreshReport,
    Refused,
    refused_by_door,
    refused_by_phone,
    views_of,
)
from mobile_sdk.wallet import Entry
from policies.telling.language import Language
from policies.vocabulary import Action, Instant

FIND_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _Target:
    """An access point and the credential to show there."""

    point: KeyringPoint
    entry: Entry


class Phone:
    """A phone that is enrolled with one issuer; made by `enrol` or `load`."""

    def __init__(
        self,
        store: KeyStore,
        enrolment: Enrolment,
        *,
        radio: Radio | None,
        clock: str,
        language: str,
    ) -> None:
        """Made by `enrol` and `load`, which say what the arguments are."""
        self._radio = radio
        self._clock: Clock = clock_of(clock, enrolment.environment)
        self._language = Language(language)
        self._holding = Holding(store, enrolment, self._clock, self._language)
        self._closing: set[asyncio.Task[None]] = set()

    @classmethod
    async def enrol(
        cls,
        issuer: str,
        code: str,
        store: KeyStore,
        *,
        name: str = "phone",
        radio: Radio | None = None,
        clock: str = "system",
        language: str = Language.BOKMAAL,
    ) -> Self:
        """Bind a fresh device key to the person `code` was given to; nothing is fetched yet.

        `name` is what she calls this phone, the rest as for `load`. EnrolmentRefused,
        ServerUnavailable, StoreUnreadable; ValueError for a URL that is no issuer's.
        """
        enrolment = await enrol_phone(issuer, code, store, name, clock)
        return cls(store, enrolment, radio=radio, clock=clock, language=language)

    @classmethod
    def load(
        cls,
        store: KeyStore,
        *,
        radio: Radio | None = None,
        clock: str = "system",
        language: str = Language.BOKMAAL,
    ) -> Self:
        """The phone that was enrolled in `store`, without any network; or StoreUnreadable.

        `radio` is the system's Bluetooth where None; `language` one of nb, nn, se, en; `clock`
        `system`, or `town:PATH` in development. ValueError for another.
        """
        return cls(store, load_enrolment(store), radio=radio, clock=clock, language=language)

    @property
    def next_refresh(self) -> Instant | None:
        """When `refresh` is due, in UTC seconds; None where nothing was fetched yet."""
        return self._holding.wallet.next_refresh

    async def refresh(self) -> RefreshReport:
        """Fetch the keyring and fresh credentials.

        ServerUnavailable where an answer did not come or was not what was asked for; what was
        held, and every credential that could be verified, is kept then too. Of a server that
        does not know this phone no door is shown any more.
        """
        return await self._holding.refresh()

    def access_points(self) -> tuple[AccessPointView, ...]:
        """The access points the phone knows of; no network is used."""
        return views_of(self._holding.wallet, instant_of(self._clock), self._language)

    async def open(
        self,
        access_point: str,
        *,
        extended: bool = False,
        progress: Progress | None = None,
        timeout: float = FIND_SECONDS,
    ) -> Opened | Refused:
        """Ask the access point to open; `extended` wishes for a longer strike.

        `progress` is told the name of each step: asking, finding, connecting, verifying,
        presenting, waiting, retrying. The door is looked for `timeout` seconds at most.
        DoorNotFound, DoorNotAuthentic, LinkLost, StoreUnreadable.
        """
        tell = progress or _tell_nobody
        target = await self._find_key(access_point, tell)
        if isinstance(target, Refused):
            return target
        number = secrets.token_bytes(ATTEMPT_BYTES)
        attempt = Attempt(
            held=self._holding.held_credential(target.entry),
            request=OpenRequest(target.point.number, Action.OPEN, number, extended),
            reader_ids=_reader_ids(target),
            at=self._holding.latest_instant(),
        )
        answer = await unlock(self._use_radio(), attempt, timeout, tell, self._release)
        if answer.reason is CoarseReason.NONE:
            return Opened(answer.strike_seconds, answer.elapsed_ms, number)
        at = instant_of(self._clock)
        return refused_by_door(answer, target.point, at, self._language, number)

    async def close(self) -> None:
        """Wait until every link is disconnected, and give the radio back."""
        if self._closing:
            await asyncio.wait(self._closing)
        if self._radio is not None:
            await self._radio.close()

    async def _find_key(self, access_point: str, tell: Progress) -> _Target | Refused:
        """The credential to show at the access point, fetched where none in force is held."""
        found = self._holding.find(access_point)
        target = self._target(found)
        if target is not None and self._is_enough(target):
            return target
        tell("asking")
        try:
            refusal = await self._fetch_key(access_point, found, target)
        except ServerUnavailable as error:
            about = error.about_phone if isinstance(error, ServerRefused) else None
            if about == "phone-unknown":
                return self._refuse(about, None, None)
            reason = about or ("offline" if found else "unknown-door")
            return target or self._refuse(reason, found, None)
        found = self._holding.find(access_point)
        newer = self._target(found)
        if newer is not None and (refusal is None or newer.entry.slot.on_the_way_to is not None):
            return newer
        return self._refuse("no-grant" if found else "unknown-door", found, refusal)

    async def _fetch_key(
        self,
        access_point: str,
        found: tuple[KeyringFacility, KeyringPoint] | None,
        target: _Target | None,
    ) -> RefusedRequest | None:
        """Ask the server: for everything where that may do, else on the way to this door."""
        is_lapsed = (
            target is not None
            and target.entry.slot.on_the_way_to is None
            and target.entry.claims.expires <= instant_of(self._clock)
        )
        if found is None or is_lapsed:
            await self._holding.refresh()
            found = self._holding.find(access_point)
            target = self._target(found)
        if found is None or (target is not None and self._is_enough(target)):
            return None
        return await self._holding.fetch_on_the_way(*found)

    def _target(self, found: tuple[KeyringFacility, KeyringPoint] | None) -> _Target | None:
        if found is None:
            return None
        _, point = found
        entry = self._holding.wallet.best_for(point.number, instant_of(self._clock))
        return None if entry is None else _Target(point, entry)

    def _is_enough(self, target: _Target) -> bool:
        """Whether the door may be asked with this: in force, and open where the keyring has it."""
        at, point = instant_of(self._clock), target.point
        is_shown_open = point.open_now or (point.opens_at is not None and point.opens_at <= at)
        claims = target.entry.claims
        if claims.expires <= at:
            return False
        return not is_shown_open or claims.grant.permits(point.number, Action.OPEN, at)

    def _refuse(
        self,
        reason: str,
        found: tuple[KeyringFacility, KeyringPoint] | None,
        refusal: RefusedRequest | None,
    ) -> Refused:
        """Why the door is not asked: by the server's newest word, else by the keyring's."""
        at = instant_of(self._clock)
        if found is None:
            return refused_by_phone(reason, at, self._language)
        _, point = found
        for refused in refusal.points if refusal is not None else ():
            if refused.access_point == point.access_point:
                return refused_by_phone(
                    reason, at, self._language, (refused.why,), refused.opens_at
                )
        return refused_by_phone(reason, at, self._language, point.why, point.opens_at)

    def _use_radio(self) -> Radio:
        if self._radio is None:
            # why: bleak loads the system's Bluetooth stack; enrolling and lists need none
            from mobile_sdk.bleak_link import BleakRadio

            self._radio = BleakRadio()
        return self._radio

    def _release(self, link: Link) -> None:
        """Disconnect off the unlock path: BlueZ takes two seconds."""
        task = asyncio.create_task(link.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _reader_ids(target: _Target) -> frozenset[ReaderId]:
    """The readers of the access point, by the keyring and by the certificates held."""
    certificates = (
        parse_reader_certificate(received).claims for received in target.entry.reader_certificates
    )
    return target.point.reader_ids.union(
        certificate.reader_id
        for certificate in certificates
        if target.point.number in certificate.points
    )


def _tell_nobody(_step: str) -> None:
    return
