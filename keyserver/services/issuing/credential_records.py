"""Credentials as the database keeps them: recorded before they are released.

Rules kept here:
- all credentials of a batch are recorded in one transaction, or none;
- that transaction looks once more: a device revoked, registers changed or an epoch raised since
  `prepare` means `Superseded`, so no credential is ever issued after what took its rights away
  (abuse case D04);
- one presentation key has one credential: the same request within its life finds the stored bytes;
- an index is random in 2^20 of its facility's list and held by no other unexpired credential.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from keyserver.errors import IssuanceFault, KeyAlreadyUsed, Superseded
from keyserver.services.authority import Authority
from keyserver.services.clients import Client
from keyserver.services.counters import Counter, read_counter
from keyserver.services.doors.bundles import epoch_of, newest_bundle
from keyserver.services.doors.openings import rules_text
from keyserver.services.doors.readers import certificates_of
from keyserver.storage.tables import credential, device, held_index
from lockagent.protocol.credential import INDEX_LIMIT, Credential
from lockagent.protocol.keys import VerifyingKey
from policies.circumstances import RuleName
from policies.places import AccessPoint
from policies.vocabulary import FacilityId, Instant, PersonId

DRAWS = 64


@dataclass(frozen=True, slots=True)
class CredentialRequest:
    """A fresh presentation key for a facility; `access_point` where she is on the way to one."""

    facility: str
    key: VerifyingKey
    access_point: str | None = None


@dataclass(frozen=True, slots=True)
class Released:
    """A credential that may leave the house, and what a phone needs beside it."""

    facility: FacilityId
    credential: bytes
    not_before: Instant
    expires: Instant
    reader_certificates: tuple[bytes, ...]
    trust_bundle: bytes


@dataclass(slots=True)
class PreparedCredential:
    """A credential to be signed, and what must still hold when it is recorded."""

    credential: Credential
    limited: tuple[RuleName, ...]
    is_on_the_way: AccessPoint | None
    person: PersonId
    device: str
    generation: int
    root: bytes
    bundle: bytes
    certificates: tuple[bytes, ...]
    redeemed: bool = field(default=False, init=False)

    def redeem(self) -> Credential:
        """The credential, the first time; RuntimeError after that."""
        if self.redeemed:
            raise RuntimeError(
                "expected a prepared credential that is not issued yet, got one that is"
            )
        self.redeemed = True
        return self.credential


_OF_KEY = sa.select(
    credential.c.device,
    credential.c.facility,
    credential.c.on_the_way,
    credential.c.epoch,
    credential.c.not_before,
    credential.c.expires,
    credential.c.revoked_at,
    credential.c.credential,
).where(
    credential.c.tenant == sa.bindparam("tenant"),
    credential.c.presentation == sa.bindparam("presentation"),
)
_HELD = sa.select(held_index.c.status_index).where(
    held_index.c.tenant == sa.bindparam("tenant"),
    held_index.c.facility == sa.bindparam("facility"),
    held_index.c.status_index == sa.bindparam("status_index"),
    held_index.c.held_until > sa.bindparam("at"),
)
_HOLD = insert(held_index)
_HOLD = _HOLD.on_conflict_do_update(
    index_elements=[held_index.c.tenant, held_index.c.facility, held_index.c.status_index],
    set_={"held_until": _HOLD.excluded.held_until},
    where=held_index.c.held_until <= sa.bindparam("at"),
)
_RECORD = insert(credential).on_conflict_do_nothing()
_DEVICE_IN_USE = sa.select(device.c.person).where(
    device.c.tenant == sa.bindparam("tenant"),
    device.c.device == sa.bindparam("device"),
    device.c.revoked_at.is_(None),
)


class CredentialRecords:
    """The recorded credentials of one tenant."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def record(
        self,
        connection: sa.Connection,
        signed: Sequence[tuple[PreparedCredential, bytes]],
        at: Instant,
    ) -> None:
        """Record what was signed, all or nothing; Superseded where it may not be released."""
        tenant = self._authority.tenant
        generation = read_counter(connection, tenant, Counter.REGISTERS)
        for prepared, data in signed:
            made = prepared.credential
            of = {"tenant": tenant, "facility": made.facility}
            owner = connection.execute(
                _DEVICE_IN_USE, {"tenant": tenant, "device": prepared.device}
            ).scalar_one_or_none()
            if (
                owner != prepared.person
                or generation != prepared.generation
                or epoch_of(connection, tenant, made.facility) != made.epoch
            ):
                raise Superseded
            held = of | {"status_index": made.index, "held_until": made.expires, "at": at}
            row = of | {
                "cti": made.cti,
                "presentation": made.presentation_key.thumbprint(),
                "device": prepared.device,
                "person": prepared.person,
                "on_the_way": prepared.is_on_the_way.number if prepared.is_on_the_way else None,
                "status_index": made.index,
                "epoch": made.epoch,
                "revision": made.revision,
                "not_before": made.not_before,
                "expires": made.expires,
                "issued_at": at,
                "credential": data,
                "limited": rules_text(prepared.limited),
            }
            if connection.execute(_HOLD, held).rowcount != 1:
                raise Superseded
            if connection.execute(_RECORD, row).rowcount != 1:
                raise Superseded

    def stored(
        self,
        connection: sa.Connection,
        client: Client,
        request: CredentialRequest,
        point: AccessPoint | None,
        at: Instant,
    ) -> Released | None:
        """The credential this key has already, if it may be given again; None if it has none."""
        tenant = self._authority.tenant
        asked = {"tenant": tenant, "presentation": request.key.thumbprint()}
        row = connection.execute(_OF_KEY, asked).one_or_none()
        if row is None:
            return None
        facility = FacilityId(row.facility)
        is_same = (row.device, row.facility, row.on_the_way) == (
            client.id,
            request.facility,
            None if point is None else point.number,
        )
        is_live = (
            row.revoked_at is None
            and at < row.expires
            and row.epoch == epoch_of(connection, tenant, facility)
        )
        if not is_same or not is_live:
            raise KeyAlreadyUsed("expected a fresh presentation key, got one with a credential")
        return Released(
            facility,
            row.credential,
            row.not_before,
            row.expires,
            certificates_of(connection, tenant, facility, at),
            newest_bundle(connection, tenant, facility)[1],
        )

    def free_index(self, connection: sa.Connection, facility: FacilityId, at: Instant) -> int:
        """A random index that nobody holds now; recording it settles who gets it."""
        of = {"tenant": self._authority.tenant, "facility": facility, "at": at}
        drawn = iter(lambda: int.from_bytes(self._authority.random_bytes(4), "big"), None)
        for number in islice(drawn, DRAWS):
            index = number % INDEX_LIMIT
            if connection.execute(_HELD, of | {"status_index": index}).first() is None:
                return index
        raise IssuanceFault(f"expected a free index of {facility}, got none in {DRAWS} draws")
