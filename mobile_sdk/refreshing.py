"""Keeping the wallet fresh: which credentials to ask for, when to ask again, and the asking.

Rules kept here:
- one refresh asks for every facility with a window in the next 24 hours, 16 to a batch, with one
  attestation for each batch;
- a presentation key is recorded before it is made, made before it is asked for, and deleted as
  soon as it is no use;
- a credential has lapsed when a server that took our proof has answered since: until then the
  phone's clock may be wrong, and a door decides;
- a good answer is kept at once; a bad one changes nothing but the key that was asked with, and is
  raised when the good ones are safe;
- the next refresh is at a random point in the second half of the shortest life, so a city does not
  refresh in one minute; after a failure the wait doubles from 2 s to 10 min, with jitter.

Chance comes in as an argument: a number in [0, 1).
"""

import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from lockagent.protocol.client_proof import MAX_ATTESTED_KEYS
from lockagent.protocol.time_source import Clock, instant_of
from mobile_sdk.acceptance import AnswerNotAccepted, Asked, accept
from mobile_sdk.answers import KeyringFacility, KeyringPoint, RefusedRequest
from mobile_sdk.device_key import KeyStore, StoredKey
from mobile_sdk.server import KeyServer, ServerRefused
from mobile_sdk.wallet import (
    AskedKey,
    HeldKeyring,
    Slot,
    Wallet,
    save_keyring,
    save_wallet,
)
from policies.grant import MAX_LIFE_SECONDS
from policies.vocabulary import Instant

SOON_SECONDS = 86_400
LEAST_WAIT_SECONDS = 30
FIRST_BACK_OFF_SECONDS = 2.0
LONGEST_BACK_OFF_SECONDS = 600.0

_KEY_USED = "key-already-used"


@dataclass(frozen=True, slots=True)
class Request:
    """One slot to fill; `point` is the access point she is on the way to."""

    slot: Slot
    point: KeyringPoint | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """The wallet after a batch of requests, what was refused, and the first answer not taken."""

    wallet: Wallet
    filled: tuple[Slot, ...]
    refused: tuple[RefusedRequest, ...]
    fault: AnswerNotAccepted | None = None


def wanted(facilities: Iterable[KeyringFacility], at: Instant) -> tuple[Request, ...]:
    """A request for each facility that opens for her somewhere within 24 hours."""
    return tuple(
        Request(Slot(facility.facility))
        for facility in facilities
        if any(_opens_soon(point, at) for point in facility.access_points)
    )


def next_refresh(wallet: Wallet, at: Instant, chance: float) -> Instant:
    """When to refresh: in the second half of the shortest life, but not at once."""
    lives = [
        (entry.claims.not_before, entry.claims.expires)
        for entry in wallet.entries
        if entry.slot.on_the_way_to is None
    ] or [(at, Instant(at + MAX_LIFE_SECONDS))]
    start, end = min(lives, key=lambda life: life[1])
    due = min(start + int((end - start) * (1 + chance) / 2), end - 1)
    return Instant(max(due, at + LEAST_WAIT_SECONDS))


def back_off_seconds(failures: int, chance: float) -> float:
    """How long to wait after so many failures in a row (1 or more), between half and the whole."""
    whole = min(FIRST_BACK_OFF_SECONDS * (1 << min(failures - 1, 16)), LONGEST_BACK_OFF_SECONDS)
    return whole * (0.5 + chance / 2)


async def fetch_keyring(
    server: KeyServer, store: KeyStore, wallet: Wallet, language: str
) -> Wallet:
    """The wallet with the keyring as the server tells it now."""
    held = wallet.keyring
    answer = await server.fetch_keyring(language, held.etag if held.language == language else None)
    if answer is None:
        return wallet
    newer = HeldKeyring(answer.keyring, dict(answer.document), language, answer.etag)
    save_keyring(store, newer)
    return replace(wallet, keyring=newer)


async def fetch_credentials(
    server: KeyServer,
    store: KeyStore,
    wallet: Wallet,
    requests: Sequence[Request],
    clock: Clock,
    language: str,
) -> Fetched:
    """Ask for `requests` and keep what is accepted; the wallet is saved at every step."""
    fetched = Fetched(wallet, (), ())
    for start in range(0, len(requests), MAX_ATTESTED_KEYS):
        batch = requests[start : start + MAX_ATTESTED_KEYS]
        fetched = await _fetch_batch(server, store, fetched, batch, clock, language)
    return fetched


async def _fetch_batch(
    server: KeyServer,
    store: KeyStore,
    before: Fetched,
    requests: Sequence[Request],
    clock: Clock,
    language: str,
) -> Fetched:
    wallet = before.wallet
    names = {asked.slot: asked.key for asked in wallet.asked}
    keys = {
        request.slot: names.get(request.slot) or f"presentation-{secrets.token_hex(8)}"
        for request in requests
    }
    wallet = save_wallet(store, wallet.with_asked(AskedKey(*pair) for pair in keys.items()))
    asked = {
        request.slot: Asked(
            request.slot.facility, _make(store, keys[request.slot]).public, request.point
        )
        for request in requests
    }
    try:
        issuance = await server.request_credentials(list(asked.values()), language)
    except ServerRefused as refusal:
        if refusal.problem == _KEY_USED:
            save_wallet(store, wallet.with_asked(()))
        raise
    at, fault, filled = instant_of(clock), before.fault, []
    refused = {one.facility: one for one in issuance.refused}
    released = {one.facility: one for one in issuance.credentials}
    for slot, one in asked.items():
        if slot.facility in released:
            try:
                trust = wallet.trust_of(slot.facility)
                accepted = accept(one, released[slot.facility], trust, at)
            except AnswerNotAccepted as error:
                fault = fault or error
            else:
                wallet = wallet.with_accepted(slot, keys[slot], accepted)
                filled.append(slot)
        elif slot.facility not in refused:
            fault = fault or AnswerNotAccepted(f"expected an answer for {slot.facility}, got none")
    return Fetched(
        save_wallet(store, wallet.with_asked(()).without_lapsed(at)),
        (*before.filled, *filled),
        (*before.refused, *refused.values()),
        fault,
    )


def _make(store: KeyStore, name: str) -> StoredKey:
    with suppress(ValueError):  # made before, when an answer was lost
        store.create(name)
    return StoredKey(store, name)


def _opens_soon(point: KeyringPoint, at: Instant) -> bool:
    return point.open_now or (point.opens_at is not None and point.opens_at < at + SOON_SECONDS)
