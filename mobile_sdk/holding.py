"""The wallet as it is now, and the two ways it is renewed: a refresh, and a key on the way.

Rules kept here:
- the wallet in memory is the wallet in the store: whatever fails, nothing verified is lost;
- of a server that does not know the phone no door is shown as open; its credentials are kept;
- a refresh asks for every facility that opens for her within 24 hours;
- on the way to an access point one credential is asked for, for that point alone.

`mobile_sdk.refreshing` has the steps, `mobile_sdk.acceptance` the judgement.
"""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from lockagent.protocol.presentation import HeldCredential
from lockagent.protocol.time_source import Clock, instant_of
from mobile_sdk.answers import KeyringFacility, KeyringPoint, RefusedRequest
from mobile_sdk.device_key import DEVICE_KEY, KeyStore, StoredKey
from mobile_sdk.enrolment import Enrolment
from mobile_sdk.refreshing import (
    Fetched,
    Request,
    fetch_credentials,
    fetch_keyring,
    next_refresh,
    wanted,
)
from mobile_sdk.server import KeyServer, ServerRefused, open_key_server
from mobile_sdk.views import RefreshReport, worded_in
from mobile_sdk.wallet import Entry, Slot, Wallet, forget_keyring, load_wallet, save_wallet
from policies.telling.language import Language
from policies.vocabulary import Instant


class Holding:
    """One enrolled phone's wallet in its store."""

    def __init__(
        self, store: KeyStore, enrolment: Enrolment, clock: Clock, language: Language
    ) -> None:
        """Read what is kept; StoreUnreadable where it is damaged."""
        self._store = store
        self._enrolment = enrolment
        self._clock = clock
        self._language = language
        self.wallet: Wallet = load_wallet(store, enrolment.realm, enrolment.root)

    def find(self, access_point: str) -> tuple[KeyringFacility, KeyringPoint] | None:
        """The access point in the keyring held, in the phone's language."""
        return worded_in(self.wallet.keyring, self._language).find(access_point)

    def held_credential(self, entry: Entry) -> HeldCredential:
        """The credential as a presentation takes it, its key loaded before anything connects."""
        key = StoredKey(self._store, entry.key)
        _ = key.public
        return HeldCredential(
            received=entry.received,
            claims=entry.claims,
            key=key,
            trust=self.wallet.trust_of(entry.slot.facility),
            reader_certificates=entry.reader_certificates,
        )

    def latest_instant(self) -> Instant:
        """The phone's time, or the newest iat it holds where its clock is behind."""
        return self.wallet.latest_issue(instant_of(self._clock))

    async def refresh(self) -> RefreshReport:
        """Fetch the keyring and a credential for each facility; ServerUnavailable."""
        async with self._server() as server:
            self.wallet = await fetch_keyring(server, self._store, self.wallet, self._language)
            facilities = self.wallet.keyring.keyring.facilities
            requests = wanted(facilities, instant_of(self._clock))
            fetched = await self._fetch(server, requests)
        at = instant_of(self._clock)
        due = next_refresh(self.wallet, at, random.random())
        self.wallet = save_wallet(self._store, replace(self.wallet, next_refresh=due))
        return RefreshReport(
            credentials=tuple(slot.facility for slot in fetched.filled),
            refused=tuple(one.facility for one in fetched.refused),
            next_refresh=due,
        )

    async def fetch_on_the_way(
        self, facility: KeyringFacility, point: KeyringPoint
    ) -> RefusedRequest | None:
        """Fetch the credential for `point` alone; what the server said where it refused."""
        request = Request(Slot(facility.facility, point.access_point), point)
        async with self._server() as server:
            fetched = await self._fetch(server, [request])
        return next(iter(fetched.refused), None)

    async def _fetch(self, server: KeyServer, requests: Sequence[Request]) -> Fetched:
        try:
            fetched = await fetch_credentials(
                server, self._store, self.wallet, requests, self._clock, self._language
            )
        except BaseException:  # why: however it ended, the store is ahead of memory
            self.wallet = load_wallet(self._store, self._enrolment.realm, self._enrolment.root)
            raise
        self.wallet = fetched.wallet
        if fetched.fault is not None:
            raise fetched.fault
        return fetched

    @asynccontextmanager
    async def _server(self) -> AsyncIterator[KeyServer]:
        key = StoredKey(self._store, DEVICE_KEY)
        enrolment = self._enrolment
        async with open_key_server(
            enrolment.issuer.url, enrolment.device, key, self._clock
        ) as server:
            try:
                yield server
            except ServerRefused as refusal:
                if refusal.about_phone == "phone-unknown":
                    self.wallet = forget_keyring(self._store, self.wallet)
                raise
