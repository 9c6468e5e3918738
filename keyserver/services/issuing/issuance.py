"""Issuance: prepare, then issue once (architecture.md, *Cores and edges*).

    prepare   reads policy and the person's facts over one snapshot and builds each credential;
    issue     signs it, runs the door's own verification over the bytes, records it, and only then
              lets it out. A `PreparedCredential` is redeemed once.

Rules kept here:
- one presentation key, one facility, one credential: the same request again within its life is
  answered with the stored bytes, so an answer lost on the way is harmless;
- a refusal is an answer; what the caller got wrong refuses the whole batch: nothing is recorded;
- what has changed between `prepare` and the record (`credential_records`) means to prepare again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import sqlalchemy as sa

from keyserver.config import KeyRole
from keyserver.errors import (
    IssuanceFault,
    KeyAlreadyUsed,
    StoreUnavailable,
    Superseded,
    TooManyRequestsInBatch,
    UnknownAccessPoint,
    UnknownFacility,
)
from keyserver.services.authority import Authority
from keyserver.services.clients import Client, require_device
from keyserver.services.doors.bundles import epoch_of, newest_bundle
from keyserver.services.doors.readers import certificates_of
from keyserver.services.doors.roots import newest_root
from keyserver.services.issuing.credential_records import (
    CredentialRecords,
    CredentialRequest,
    PreparedCredential,
    Released,
)
from keyserver.services.issuing.door_check import DoorCheck
from keyserver.services.issuing.preparing import (
    Asking,
    Identity,
    Measure,
    RefusedRequest,
    prepare_credential,
)
from keyserver.services.people.registers import RegisterCache, Registers, subject_of
from keyserver.services.people.surroundings import surroundings
from keyserver.storage.store import Store
from lockagent.protocol.claims import CTI_BYTES
from lockagent.protocol.client_proof import MAX_ATTESTED_KEYS
from lockagent.protocol.credential import sign_credential
from lockagent.protocol.keys import SIGNATURE_BYTES, VerifyingKey
from policies.model import Subject
from policies.places import AccessPoint
from policies.telling.language import Language
from policies.vocabulary import AccessPointId, FacilityId, Instant

TIMES_PREPARED = 4


@dataclass(frozen=True, slots=True)
class IssuanceAnswer:
    """The answer to a batch, in the order of its requests."""

    credentials: tuple[Released, ...]
    refused: tuple[RefusedRequest, ...]


Outcome: TypeAlias = PreparedCredential | RefusedRequest | Released


@dataclass(frozen=True, slots=True)
class _Asker:
    """The device that asks, its person, and the registers they are judged by."""

    client: Client
    subject: Subject | None
    registers: Registers
    language: Language


class _Blank:
    """A signing key that signs nothing: tells how long a credential will be."""

    def __init__(self, public: VerifyingKey) -> None:
        self.public = public

    def sign(self, data: bytes) -> bytes:  # noqa: ARG002 - why: the port hands it in
        """As many bytes as a signature has."""
        return bytes(SIGNATURE_BYTES)


class Issuance:
    """The credentials of one tenant."""

    def __init__(self, store: Store, authority: Authority, registers: RegisterCache) -> None:
        self._store = store
        self._authority = authority
        self._registers = registers
        self.records = CredentialRecords(authority)
        self._door_check = DoorCheck(authority.realm)

    async def issue_all(
        self, client: Client, requests: Sequence[CredentialRequest], language: str, at: Instant
    ) -> IssuanceAnswer:
        """Answer a batch whose attestation the edge has verified.

        Raises NotThisCaller, TooManyRequestsInBatch, UnknownFacility, UnknownAccessPoint,
        KeyAlreadyUsed; IssuanceFault where the doors would not take what was signed.
        """
        if not 1 <= len(requests) <= MAX_ATTESTED_KEYS:
            raise TooManyRequestsInBatch(
                f"expected 1 to {MAX_ATTESTED_KEYS} requests, got {len(requests)}"
            )
        if len({request.key for request in requests}) != len(requests):
            raise KeyAlreadyUsed("expected a presentation key for each request, got one twice")
        told_in = Language(language)
        for _ in range(TIMES_PREPARED):
            outcomes = await self._store.read(
                lambda connection: self.prepare(connection, client, requests, told_in, at)
            )
            try:
                released = await self.issue(outcomes, at)
            except Superseded:
                continue
            refused = tuple(item for item in outcomes if isinstance(item, RefusedRequest))
            return IssuanceAnswer(released, refused)
        raise StoreUnavailable("expected registers that stand still for an issue, got changes")

    def prepare(
        self,
        connection: sa.Connection,
        client: Client,
        requests: Sequence[CredentialRequest],
        language: Language,
        at: Instant,
    ) -> list[Outcome]:
        """For each request, in order: a credential to be signed, a stored one, or a refusal."""
        tenant = self._authority.tenant
        person = require_device(connection, tenant, client)
        registers = self._registers.read(connection, at)
        subject = subject_of(connection, tenant, person)
        if registers is None:
            raise UnknownFacility(f"expected a facility of {tenant}, got none imported yet")
        asker = _Asker(client, subject, registers, language)
        return [self._outcome(connection, asker, request, at) for request in requests]

    async def issue(self, outcomes: Sequence[Outcome], at: Instant) -> tuple[Released, ...]:
        """Sign, verify as a door, record in one transaction, and release; in order."""
        signed = [
            (item, self._sign(item, at))
            for item in outcomes
            if isinstance(item, PreparedCredential)
        ]
        if signed:
            await self._store.write(lambda connection: self.records.record(connection, signed, at))
        of_prepared = {id(prepared): _released(prepared, data) for prepared, data in signed}
        return tuple(
            item if isinstance(item, Released) else of_prepared[id(item)]
            for item in outcomes
            if not isinstance(item, RefusedRequest)
        )

    def _outcome(
        self,
        connection: sa.Connection,
        asker: _Asker,
        request: CredentialRequest,
        at: Instant,
    ) -> Outcome:
        facility = FacilityId(request.facility)
        if facility not in asker.registers.places.facilities:
            raise UnknownFacility(f"expected a facility of {self._authority.tenant}, got another")
        point = _point_of(asker.registers, facility, request.access_point)
        stored = self.records.stored(connection, asker.client, request, point, at)
        if stored is not None:
            return stored
        if asker.subject is None:
            return RefusedRequest(facility, "unknown-person", ())
        number = None if point is None else point.number
        around = surroundings(
            connection, self._authority.tenant, asker.registers, asker.subject, number, at
        )
        asking = Asking(asker.subject, around, facility, point, request.key, asker.language)
        prepared = self._prepare(connection, asker, asking, at)
        if point is not None and isinstance(prepared, RefusedRequest) and not prepared.why:
            raise _unknown_point(facility)
        return prepared

    def _prepare(
        self, connection: sa.Connection, asker: _Asker, asking: Asking, at: Instant
    ) -> PreparedCredential | RefusedRequest:
        authority, facility = self._authority, asking.facility
        identity = Identity(
            cti=authority.random_bytes(CTI_BYTES),
            index=self.records.free_index(connection, facility, at),
            epoch=epoch_of(connection, authority.tenant, facility),
        )
        blank = _Blank(authority.signers.key(KeyRole.CREDENTIAL).public)
        measure = Measure(authority.realm, blank)
        try:
            prepared = prepare_credential(asker.registers, asking, identity, measure, at)
        except ValueError as error:
            raise IssuanceFault(str(error)) from error
        if isinstance(prepared, RefusedRequest):
            return prepared
        _, bundle = newest_bundle(connection, authority.tenant, facility)
        return PreparedCredential(
            credential=prepared.credential,
            limited=prepared.limited,
            is_on_the_way=asking.access_point,
            person=asking.subject.id,
            device=asker.client.id,
            generation=asker.registers.generation,
            root=newest_root(connection, authority.tenant),
            bundle=bundle,
            certificates=certificates_of(connection, authority.tenant, facility, at),
        )

    def _sign(self, prepared: PreparedCredential, at: Instant) -> bytes:
        intended = prepared.redeem()
        key = self._authority.signers.key(KeyRole.CREDENTIAL)
        signed = sign_credential(intended, self._authority.realm, key)
        self._door_check.verify(
            signed,
            intended,
            is_sensitive=prepared.is_on_the_way is not None,
            root=prepared.root,
            bundle=prepared.bundle,
            at=at,
        )
        return signed


def _point_of(
    registers: Registers, facility: FacilityId, access_point: str | None
) -> AccessPoint | None:
    if access_point is None:
        return None
    point = registers.places.by_id.get(AccessPointId(access_point))
    if point is None or point.facility != facility:
        raise _unknown_point(facility)
    return point


def _unknown_point(facility: FacilityId) -> UnknownAccessPoint:
    """One answer for a point that is not there and one that is not hers to know of."""
    return UnknownAccessPoint(f"expected an access point of {facility}, got another name")


def _released(prepared: PreparedCredential, signed: bytes) -> Released:
    made = prepared.credential
    return Released(
        made.facility,
        signed,
        made.not_before,
        made.expires,
        prepared.certificates,
        prepared.bundle,
    )
