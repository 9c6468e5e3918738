"""The administrator's verbs (interfaces.md 7), over the same database that is served.

Each takes an open installation's tenant and returns the exit code: 0 done or yes, 1 the answer is
no. What is wrong comes up as an exception, and `__main__` says it. A running server notices what
a verb has committed within a quarter of a second.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from keyserver.config import KeyRole
from keyserver.console import Console
from keyserver.errors import AdministratorError
from keyserver.services.codes import Purpose, make_code
from keyserver.services.founding import add_issuer_key
from keyserver.services.installation import Tenant
from keyserver.services.journal import check_chains, entries_of
from keyserver.services.publishing import import_people, import_places, publish
from keyserver.services.registers import read_registers, subject_of
from keyserver.services.revocation import RevocationKind, revoke
from keyserver.services.status import status_of
from keyserver.storage.store import Store
from lockagent.protocol.access_event import JournalEntry, decode_entry
from policies.errors import PolicyError
from policies.public_holidays import norwegian_holidays
from policies.vocabulary import Instant, PersonId, instant_text

DONE, NO = 0, 1


async def import_file(
    store: Store, tenant: Tenant, console: Console, kind: str, file: Path, at: Instant
) -> int:
    """`import places|people FILE`."""
    text = read_text(file)

    def unit(connection: sa.Connection) -> tuple[int, int]:
        if kind == "places":
            places, lost = import_places(connection, tenant.authority, text, str(file), at)
            return len(places.access_points), lost
        people, lost = import_people(connection, tenant.authority, text, str(file), at)
        return len(people), lost

    count, lost = await store.write(unit)
    what = "access points" if kind == "places" else "people"
    console.tell(
        {"event": "imported", "kind": kind, "count": count, "revoked": lost},
        f"imported {count} {what}; {_lost(lost)}",
    )
    return DONE


async def publish_files(
    store: Store, tenant: Tenant, console: Console, files: Sequence[Path], at: Instant
) -> int:
    """`publish FILE…`: these documents, and no others, are the next revision."""
    paths = {file.name: file for file in files}
    if len(paths) != len(files):
        raise AdministratorError("expected documents of different names, got one name twice")
    documents = {name: read_text(file) for name, file in paths.items()}
    holidays = norwegian_holidays()
    try:
        published = await store.write(
            lambda connection: publish(connection, tenant.authority, documents, holidays, at)
        )
    except PolicyError as error:
        raise PolicyError(
            replace(fault, file=str(paths.get(fault.file, fault.file))) for fault in error.faults
        ) from error
    word = "published" if published.is_new else "already in force:"
    console.tell(
        {
            "event": "published",
            "revision": published.revision,
            "sha256": published.sha256.hex(),
            "documents": list(published.documents),
            "is_new": published.is_new,
            "revoked": published.revoked,
        },
        f"{word} revision {published.revision} ({', '.join(published.documents)}); "
        f"{_lost(published.revoked)}",
    )
    return DONE


async def new_issuer_key(
    store: Store, tenant: Tenant, console: Console, role: KeyRole, at: Instant
) -> int:
    """`new-issuer-key ROLE`: make a key and announce it beside the one in use."""
    made = await store.write(
        lambda connection: add_issuer_key(connection, tenant.authority, role, at)
    )
    console.tell(
        {
            "event": "key-made",
            "role": role,
            "file": str(made.file),
            "kid": made.kid.hex(),
            "root_version": made.root_version,
        },
        f"made {made.file} (kid {made.kid.hex()}); {_when_to_use(role)} "
        f"name it in keyserver.toml as {role} and start serve again",
    )
    return DONE


async def enrol_code(
    store: Store, tenant: Tenant, console: Console, person: str, minutes: int, at: Instant
) -> int:
    """`enrol-code PERSON`."""

    def unit(connection: sa.Connection) -> tuple[str, Instant]:
        if subject_of(connection, tenant.id, PersonId(person)) is None:
            raise AdministratorError(f"expected a person of the register, got {person!r}")
        dice = tenant.authority.random_bytes
        return make_code(connection, tenant.id, Purpose.DEVICE, person, minutes, dice, at)

    code, expires = await store.write(unit)
    _tell_code(console, tenant, {"person": person}, code, expires)
    return DONE


async def controller_code(
    store: Store, tenant: Tenant, console: Console, controller: str, minutes: int, at: Instant
) -> int:
    """`controller-code CONTROLLER`."""

    def unit(connection: sa.Connection) -> tuple[str, Instant]:
        registers = read_registers(connection, tenant.id)
        known = registers.places.controllers if registers else ()
        if controller not in known:
            raise AdministratorError(
                f"expected a controller of the places ({', '.join(known) or 'none yet'}), "
                f"got {controller!r}"
            )
        dice = tenant.authority.random_bytes
        return make_code(connection, tenant.id, Purpose.CONTROLLER, controller, minutes, dice, at)

    code, expires = await store.write(unit)
    _tell_code(console, tenant, {"controller": controller}, code, expires)
    return DONE


async def revoke_subject(
    store: Store,
    tenant: Tenant,
    console: Console,
    kind: RevocationKind,
    subject: str,
    reason: str,
    at: Instant,
) -> int:
    """`revoke device|credential|person ID --reason TEXT`."""
    done = await store.write(
        lambda connection: revoke(connection, tenant.authority, kind, subject, reason, at)
    )
    bundles = {facility: str(version) for facility, version in done.bundles.items()}
    waiting = ", ".join(done.waiting) or "no door"
    console.tell(
        {
            "event": "revoked",
            "revocation": done.revocation,
            "kind": kind,
            "subject": subject,
            "devices": done.devices,
            "credentials": done.credentials,
            "bundles": bundles,
            "waiting": list(done.waiting),
        },
        f"revoked {kind} {subject}: {done.devices} devices, {done.credentials} credentials; "
        f"waiting for {waiting} to confirm",
    )
    return DONE


async def show_journal(store: Store, tenant: Tenant, console: Console, only: str | None) -> int:
    """`journal show`: every entry, controller by controller."""

    def unit(connection: sa.Connection) -> None:
        for place, received in entries_of(connection, tenant.id, only):
            entry = decode_entry(received)
            console.tell(_entry_event(place, entry), _entry_sentence(place, entry))

    await store.read(unit)
    return DONE


async def verify_journal(store: Store, tenant: Tenant, console: Console, only: str | None) -> int:
    """`journal verify`: recompute every chain; 1 where one is broken or contradicted."""
    chains = await store.read(lambda connection: list(check_chains(connection, tenant.id, only)))
    if only is not None and not chains:
        raise AdministratorError(f"expected a controller that was provisioned, got {only!r}")
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
            f"{chain.place} ({chain.controller}): {chain.head.sequence} entries, "
            + (
                f"head {chain.head.hash.hex()}"
                if whole
                else f"broken at {fault}"
                if fault
                else f"{chain.forks} contradicting batches kept as evidence"
            ),
        )
    return DONE if all(c.broken is None and not c.forks for c in chains) else NO


async def show_status(store: Store, tenant: Tenant, console: Console, at: Instant) -> int:
    """`status`: revision, bundles and how far each controller has confirmed."""
    status = await store.read(lambda connection: status_of(connection, tenant.id, at))
    newest = {of.facility: of.bundle for of in status.facilities}
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
        f"{tenant.issuer}: revision {status.revision}, {status.people} people, "
        f"{status.devices} devices",
    )
    for of in status.facilities:
        console.tell(
            {
                "event": "facility",
                "facility": of.facility,
                "bundle": str(of.bundle),
                "issued": instant_text(of.issued_at),
                "epoch": of.epoch,
                "live_credentials": of.live_credentials,
                "revoked": of.revoked,
            },
            f"  {of.facility}: bundle {of.bundle} of {instant_text(of.issued_at)}, "
            f"{of.live_credentials} live credentials, {of.revoked} revoked",
        )
    for door in status.controllers:
        seen = None if door.seen_at is None else instant_text(door.seen_at)
        confirmed = door.bundle == newest.get(door.facility)
        console.tell(
            {
                "event": "controller",
                "controller": door.controller,
                "place": door.place,
                "facility": door.facility,
                "seen": seen,
                "bundle": None if door.bundle is None else str(door.bundle),
                "confirmed": confirmed,
                "settings": door.settings,
                "journal_sequence": door.journal_sequence,
            },
            f"  {door.place} ({door.controller}): last seen {seen or 'never'}, bundle "
            f"{door.bundle or 'none'} ({'confirmed' if confirmed else 'waiting'}), "
            f"{door.journal_sequence} journal entries",
        )
    return DONE


def read_text(file: Path) -> str:
    """The text of a file an administrator named; AdministratorError where there is none."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise AdministratorError(f"expected UTF-8 in {file}, got other bytes") from error
    except OSError as error:
        reason = (error.strerror or "an error").lower()
        raise AdministratorError(f"expected a file {file}, got: {reason}") from error


def _tell_code(
    console: Console, tenant: Tenant, subject: dict[str, object], code: str, expires: Instant
) -> None:
    when = instant_text(expires)
    console.tell(
        {"event": "code", **subject, "code": code, "expires": when, "issuer": tenant.issuer},
        f"{code}  (for {tenant.issuer}, once, until {when})",
    )


def _when_to_use(role: KeyRole) -> str:
    if role is KeyRole.TOKEN:
        return "to sign access tokens with it,"
    return "when `keyserver status` shows that the doors have confirmed,"


def _lost(credentials: int) -> str:
    if not credentials:
        return "no credential lost its rights"
    return f"{credentials} credentials hold more than is given now and are revoked"


def _entry_event(place: str, entry: JournalEntry) -> dict[str, object]:
    return {
        "event": "entry",
        "place": place,
        "sequence": entry.sequence,
        "kind": entry.kind.name.lower(),
        "from": instant_text(entry.utc_lo),
        "to": None if entry.utc_hi is None else instant_text(entry.utc_hi),
        "access_point": entry.point,
        "reason": entry.reason,
        "cti": None if entry.cti is None else entry.cti.hex(),
        "trust_version": None if entry.trust_version is None else str(entry.trust_version),
        "trust_age_seconds": entry.trust_age_seconds,
        "boot": entry.boot,
        "details": {
            name: value.hex() if isinstance(value, bytes) else value
            for name, value in entry.details.items()
        },
    }


def _entry_sentence(place: str, entry: JournalEntry) -> str:
    words = [f"{place} {entry.sequence}", instant_text(entry.utc_lo), entry.kind.name.lower()]
    if entry.point is not None:
        words.append(f"access point {entry.point}")
    if entry.reason is not None:
        words.append(entry.reason)
    if entry.cti is not None:
        words.append(f"credential {entry.cti.hex()}")
    return "  ".join(words)
