"""The keyring: what a phone is told of the access points there are (interfaces.md 4).

What is shown is `policies.explanation.keyring`'s to decide; here it is read for the person whose
device asks, with names, reader ids and sentences in the caller's language. A door that stands
unlocked is open, also to who has no key.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from keyserver.services.clients import Client, require_device
from keyserver.services.doors.readers import reader_ids
from keyserver.services.people.registers import RegisterCache, subject_of
from keyserver.storage.store import Store
from lockagent.protocol.gatt import ReaderId
from policies.explanation.keyring import ShownPoint, keyring_over
from policies.places import Places
from policies.telling.language import Language
from policies.telling.wording import reason_sentence
from policies.vocabulary import AccessPointNumber, FacilityId, Instant, TenantId


@dataclass(frozen=True, slots=True)
class Why:
    """Why an access point is closed to the person now, for programs and for people."""

    rule: str | None
    reason: str
    sentence: str


@dataclass(frozen=True, slots=True)
class KeyringPoint:
    """One access point as it stands to the person now."""

    access_point: str
    number: AccessPointNumber
    name: str
    reader_ids: tuple[ReaderId, ...]
    open_now: bool
    opens_at: Instant | None
    why: tuple[Why, ...]


@dataclass(frozen=True, slots=True)
class KeyringFacility:
    """A facility and its access points, by id."""

    facility: str
    name: str
    access_points: tuple[KeyringPoint, ...]


@dataclass(frozen=True, slots=True)
class Keyring:
    """Everything shown to one person at one instant."""

    as_of: Instant
    facilities: tuple[KeyringFacility, ...]


class Keyrings:
    """The keyrings of one tenant."""

    def __init__(self, store: Store, tenant: TenantId, registers: RegisterCache) -> None:
        self._store = store
        self._tenant = tenant
        self._registers = registers

    async def of(self, client: Client, language: str, at: Instant) -> Keyring:
        """The keyring of the person whose device calls; `language` is nb, nn, se or en."""
        told_in = Language(language)

        def unit(connection: sa.Connection) -> Keyring:
            person = require_device(connection, self._tenant, client)
            registers = self._registers.read(connection, at)
            subject = subject_of(connection, self._tenant, person)
            if registers is None or subject is None:
                return Keyring(at, ())
            shown = keyring_over(registers.policies, subject, at, registers.switches)
            readers = reader_ids(connection, self._tenant)
            by_facility: dict[FacilityId, list[KeyringPoint]] = {}
            for point in shown:
                told = _point(point, readers, told_in, registers.places)
                by_facility.setdefault(point.access_point.facility, []).append(told)
            names = registers.places.facilities
            return Keyring(
                at,
                tuple(
                    KeyringFacility(facility, names[facility].name, tuple(points))
                    for facility, points in sorted(by_facility.items())
                ),
            )

        return await self._store.read(unit)


def _point(
    shown: ShownPoint,
    readers: dict[AccessPointNumber, ReaderId],
    language: Language,
    places: Places,
) -> KeyringPoint:
    point, told = shown.access_point, shown.explanation
    is_open = told.permitted or told.stands_unlocked
    closed = Why(told.rule, told.reason, reason_sentence(told, language, places))
    return KeyringPoint(
        access_point=point.id,
        number=point.number,
        name=point.name,
        reader_ids=(readers[point.number],) if point.number in readers else (),
        open_now=is_open,
        opens_at=told.opens_at,
        why=() if is_open else (closed,),
    )
