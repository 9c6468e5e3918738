"""The verbs that only look: `status`, `journal show`, `journal verify` (interfaces.md 7).

Nothing is written. An entry's members are named as `lockagent journal show` names them, after
interfaces.md 6, so that one filter reads both.
"""

import sqlalchemy as sa

from keyserver.console import Console, counted
from keyserver.services.doors.bundles import MOST_REVOKED_READERS
from keyserver.services.doors.journal import CheckedChain, check_chains, entries_of, require_known
from keyserver.services.installation import Tenant
from keyserver.services.status import ControllerStatus, FacilityStatus, status_of
from keyserver.storage.store import Store
from lockagent.protocol.access_event import JournalEntry, decode_entry, entry_facts
from lockagent.protocol.trust_bundle import BUNDLE_BYTES
from policies.vocabulary import Instant, instant_text

DONE, NO = 0, 1


async def show_journal(store: Store, tenant: Tenant, console: Console, only: str | None) -> int:
    """`journal show`: every entry, controller by controller."""

    def unit(connection: sa.Connection) -> None:
        require_known(connection, tenant.id, only)
        for place, received in entries_of(connection, tenant.id, only):
            entry = decode_entry(received)
            console.tell(_entry_event(place, entry), _entry_sentence(place, entry))

    await store.read(unit)
    return DONE


async def verify_journal(store: Store, tenant: Tenant, console: Console, only: str | None) -> int:
    """`journal verify`: recompute every chain; 1 where one is broken or contradicted."""

    def unit(connection: sa.Connection) -> list[CheckedChain]:
        require_known(connection, tenant.id, only)
        return list(check_chains(connection, tenant.id, only))

    chains = await store.read(unit)
    for chain in chains:
        whole = chain.broken is None and not chain.forks
        fault = None if chain.broken is None else f"{chain.broken.sequence}: {chain.broken.detail}"
        console.tell(
            {
                "event": "chain",
                "controller": chain.controller,
                "place": chain.place,
                "sequence": chain.head.sequence,
                "head": chain.head.hash.hex(),
                "verified": whole,
                "broken": fault,
                "forks": chain.forks,
            },
            f"{chain.place} ({chain.controller}): "
            f"{counted(chain.head.sequence, 'entry', 'entries')}, "
            + (
                f"head {chain.head.hash.hex()}"
                if whole
                else f"broken at {fault}"
                if fault
                else f"{counted(chain.forks, 'contradicting batch', 'contradicting batches')} kept "
                "as evidence"
            ),
        )
    return DONE if all(c.broken is None and not c.forks for c in chains) else NO


async def show_status(store: Store, tenant: Tenant, console: Console, at: Instant) -> int:
    """`status`: revision, bundles and how far each controller has confirmed."""
    status = await store.read(lambda connection: status_of(connection, tenant.id, at))
    console.tell(
        {
            "event": "status",
            "tenant": tenant.id,
            "issuer": tenant.issuer,
            "environment": tenant.realm.environment,
            "as_of": instant_text(at),
            "revision": status.revision,
            "people": status.people,
            "devices": status.devices,
        },
        f"{tenant.issuer}: revision {status.revision}, "
        f"{counted(status.people, 'person', 'people')}, {counted(status.devices, 'device')}",
    )
    for of in status.facilities:
        console.tell(*_facility_told(of))
    for door in status.controllers:
        console.tell(*_controller_told(door))
    return DONE


def _facility_told(of: FacilityStatus) -> tuple[dict[str, object], str]:
    event: dict[str, object] = {
        "event": "facility",
        "facility": of.facility,
        "bundle": str(of.bundle),
        "issued": instant_text(of.issued_at),
        "epoch": of.epoch,
        "live_credentials": of.live_credentials,
        "revoked": of.revoked,
        "revoked_readers": of.revoked_readers,
        "bundle_bytes": of.bundle_bytes,
    }
    sentence = (
        f"  {of.facility}: bundle {of.bundle} of {instant_text(of.issued_at)} "
        f"({of.bundle_bytes} of {BUNDLE_BYTES} bytes), "
        f"{counted(of.live_credentials, 'live credential')}, "
        f"{of.revoked} revoked, {of.revoked_readers} of {MOST_REVOKED_READERS} replaced readers"
    )
    return event, sentence


def _controller_told(door: ControllerStatus) -> tuple[dict[str, object], str]:
    seen = None if door.seen_at is None else instant_text(door.seen_at)
    event: dict[str, object] = {
        "event": "controller",
        "controller": door.controller,
        "place": door.place,
        "facility": door.facility,
        "seen": seen,
        "bundle": None if door.bundle is None else str(door.bundle),
        "confirmed": door.is_confirmed,
        "ahead": door.is_ahead,
        "settings": door.settings,
        "journal_sequence": door.journal_sequence,
    }
    stands = (
        "ahead of this server: was an old database restored?"
        if door.is_ahead
        else "confirmed"
        if door.is_confirmed
        else "waiting"
    )
    sentence = (
        f"  {door.place} ({door.controller}): last seen {seen or 'never'}, bundle "
        f"{door.bundle or 'none'} ({stands}), "
        f"{counted(door.journal_sequence, 'journal entry', 'journal entries')}"
    )
    return event, sentence


def _entry_event(place: str, entry: JournalEntry) -> dict[str, object]:
    return {"event": "entry", "place": place} | entry_facts(entry)


def _entry_sentence(place: str, entry: JournalEntry) -> str:
    words = [f"{place} {entry.sequence}", instant_text(entry.utc_lo), entry.kind.name.lower()]
    if entry.point is not None:
        words.append(f"access point {entry.point}")
    if entry.reason is not None:
        words.append(entry.reason)
    if entry.cti is not None:
        words.append(f"credential {entry.cti.hex()}")
    return "  ".join(words)
