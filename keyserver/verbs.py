"""The administrator's verbs (interfaces.md 7), over the same database that is served.

These are the ones that change something; `policy_verbs` has those of the life of a rule,
`inspection` those that only look. Each takes an open
installation's tenant and returns the exit code 0; what is wrong comes up as an exception, and
`__main__` says it. A running server notices what a verb has committed within a quarter of a second.
"""

from pathlib import Path

import sqlalchemy as sa

from keyserver.config import KeyRole
from keyserver.console import Console, counted
from keyserver.errors import AdministratorError
from keyserver.services.doors.issuer_keys import add_issuer_key, next_key_file
from keyserver.services.installation import Tenant
from keyserver.services.issuing.revocation import RevocationKind, revoke
from keyserver.services.people.codes import Purpose, make_code
from keyserver.services.people.importing import import_people, import_places
from keyserver.services.people.record_importing import import_records
from keyserver.services.people.registers import subject_of
from keyserver.signing import write_new_key
from keyserver.storage.store import Store
from policies.errors import Fault
from policies.vocabulary import Instant, PersonId, instant_text

DONE = 0


async def import_file(
    store: Store, tenant: Tenant, console: Console, kind: str, file: Path, at: Instant
) -> int:
    """`import places|people|records FILE`."""
    text = read_text(file)
    if kind == "records":
        return await _import_records(store, tenant, console, text, file, at)
    event: dict[str, object] = {"event": "imported", "kind": kind}
    if kind == "places":
        places = await import_places(store, tenant.authority, text, str(file), at)
        event |= {
            "count": places.count,
            "before": places.before,
            "controllers_retired": places.controllers_retired,
            "revoked": places.credentials_revoked,
        }
        sentence = (
            f"imported {counted(places.count, 'access point')} (before: {places.before}); "
            f"{counted(places.controllers_retired, 'controller')} retired; "
            f"{lost_rights(places.credentials_revoked)}"
        )
    else:
        people = await import_people(store, tenant.authority, text, str(file), at)
        left = people.leavers
        event |= {
            "count": people.count,
            "before": people.before,
            "left": left.people,
            "devices_revoked": left.devices,
            "codes_ended": left.codes,
            "revoked": people.credentials_revoked,
        }
        sentence = (
            f"imported {counted(people.count, 'person', 'people')} (before: {people.before}); "
            f"of those who left: {counted(left.devices, 'device')} revoked, "
            f"{counted(left.codes, 'code')} ended; "
            f"{lost_rights(people.credentials_revoked)}"
        )
    console.tell(event, sentence)
    return DONE


async def _import_records(
    store: Store, tenant: Tenant, console: Console, text: str, file: Path, at: Instant
) -> int:
    records = await import_records(store, tenant.authority, text, str(file), at)
    for fault in records.ignored:
        console.tell(warning_event(fault), f"warning: {fault}")
    event: dict[str, object] = {"event": "imported", "kind": "records"}
    event |= {
        "count": records.count,
        "before": records.before,
        "switches_on": list(records.switches_on),
        "revoked": records.credentials_revoked,
    }
    on = f"; on: {', '.join(records.switches_on)}" if records.switches_on else ""
    console.tell(
        event,
        f"imported {counted(records.count, 'record')} (before: {records.before}){on}; "
        f"{lost_rights(records.credentials_revoked)}",
    )
    return DONE


def warning_event(fault: Fault) -> dict[str, object]:
    """What looks wrong in a file that was taken, for programs."""
    return {
        "event": "warning",
        "file": fault.file,
        "line": fault.line,
        "path": fault.path,
        "detail": fault.sentence,
    }


async def new_issuer_key(
    store: Store, tenant: Tenant, console: Console, role: KeyRole, at: Instant
) -> int:
    """`new-issuer-key ROLE`: make a key and announce it beside the one in use."""
    signers = tenant.signers
    if role in (KeyRole.ROOT, KeyRole.BUNDLE):
        signers.key(KeyRole.ROOT)
    file = next_key_file(signers.file(role))
    key = write_new_key(file)
    try:
        made = await store.write(
            lambda connection: add_issuer_key(connection, tenant.authority, role, key, at)
        )
    finally:
        # An interrupted write may yet be committed: closing waits for it.
        store.close()
        if not store.has_written:
            file.unlink()
    console.tell(
        {
            "event": "key-made",
            "role": role,
            "file": str(file),
            "kid": made.kid.hex(),
            "root_version": made.root_version,
        },
        f"made {file} (kid {made.kid.hex()}); {_when_to_use(role)} "
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
    registers = await store.read(lambda connection: tenant.registers.read(connection, at))
    known = registers.places.controllers if registers else ()
    if controller not in known:
        raise AdministratorError(
            f"expected a controller of the places ({', '.join(known) or 'none yet'}), "
            f"got {controller!r}"
        )

    def unit(connection: sa.Connection) -> tuple[str, Instant]:
        dice = tenant.authority.random_bytes
        return make_code(connection, tenant.id, Purpose.CONTROLLER, controller, minutes, dice, at)

    code, expires = await store.write(unit)
    _tell_code(console, tenant, {"controller": controller}, code, expires)
    return DONE


async def revoke_target(
    store: Store,
    tenant: Tenant,
    console: Console,
    kind: RevocationKind,
    target: str,
    reason: str,
    at: Instant,
) -> int:
    """`revoke device|credential|person ID --reason TEXT`."""
    done = await store.write(
        lambda connection: revoke(connection, tenant.authority, kind, target, reason, at)
    )
    bundles = {facility: str(version) for facility, version in done.bundles.items()}
    waiting = ", ".join(done.waiting) or "no door"
    console.tell(
        {
            "event": "revoked",
            "revocation": done.revocation,
            "kind": kind,
            "target": target,
            "devices": done.devices,
            "codes": done.codes,
            "credentials": done.credentials,
            "bundles": bundles,
            "waiting": list(done.waiting),
        },
        f"revoked {kind} {target}: {counted(done.devices, 'device')}, "
        f"{counted(done.codes, 'unused code')}, "
        f"{counted(done.credentials, 'credential')}; waiting for {waiting} to confirm",
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
    console: Console, tenant: Tenant, made_for: dict[str, object], code: str, expires: Instant
) -> None:
    when = instant_text(expires)
    console.tell(
        {"event": "code", **made_for, "code": code, "expires": when, "issuer": tenant.issuer},
        f"{code}  (for {tenant.issuer}, once, until {when})",
    )


def _when_to_use(role: KeyRole) -> str:
    if role is KeyRole.TOKEN:
        return "to sign access tokens with it,"
    return "when `keyserver status` shows that the doors have confirmed,"


def lost_rights(credentials: int) -> str:
    """What a change took from credentials that were out, in words."""
    if not credentials:
        return "no credential lost its rights"
    if credentials == 1:
        return "1 credential holds more than is given now and is revoked"
    return f"{credentials} credentials hold more than is given now and are revoked"
