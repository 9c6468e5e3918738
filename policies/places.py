"""Places and the known names, as values: facilities, access points, registers.

Rules kept here (interfaces.md 6):
- ids are paths: the first segment is the facility (`building:` in rules), inner ones are zones
  (`zone:`), the whole is an access point (`door:`); a place covers itself and what lies beneath it,
  whole segments only; `municipality` covers every place;
- a name that the registers do not list is a dangling id: a rule could never be met.

The file they come in is read by `policies.documents.place_file`. Pure values.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from policies.vocabulary import (
    AccessPointId,
    AccessPointNumber,
    ControllerId,
    FacilityId,
    TenantId,
)

_NAME = re.compile(r"[^\W_]+(?:[./-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Place:
    """A place as a rule names it: `building:`, `zone:` or `door:` and a path, or `municipality`."""

    kind: str
    path: str

    def __str__(self) -> str:
        """As written: `zone:torshov/entrance`, or `municipality`."""
        return f"{self.kind}:{self.path}" if self.path else self.kind

    def covers(self, other: "Place") -> bool:
        """Whether `other` is this place or lies beneath it."""
        return not self.path or is_beneath(other.path, self.path)


PLACE_KINDS = ("building", "zone", "door")
"""The kinds of place that have a path."""
MUNICIPALITY = Place("municipality", "")


def is_beneath(path: str, above: str) -> bool:
    """Whether `path` is `above` or continues it by whole segments."""
    return path == above or path.startswith(f"{above}/")


@dataclass(frozen=True, slots=True)
class Tenant:
    """The municipality these places are of."""

    id: TenantId
    name: str
    time_zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Facility:
    """A building or site with an owner."""

    id: FacilityId
    name: str
    owner: str | None
    sensitive: bool


@dataclass(frozen=True, slots=True)
class AccessPoint:
    """A place, in one direction, where access is decided; `sensitive` if it or its facility is."""

    id: AccessPointId
    number: AccessPointNumber
    facility: FacilityId
    controller: ControllerId
    name: str
    listed: bool
    sensitive: bool


@dataclass(frozen=True, slots=True)
class Registers:
    """The names each register knows, as written; a path is known with all above it."""

    names: Mapping[str, tuple[str, ...]]

    def knows(self, register: str, name: str) -> bool:
        """Whether `name` is listed, or lies above a listed one (`deichman` of `deichman/adult`)."""
        return any(is_beneath(listed, name) for listed in self.names[register])

    def knows_terms(self, name: str, version: int = 1) -> bool:
        """Whether terms of this name are listed: without a version, or with this or a later one."""
        versioned = re.compile(re.escape(name) + r"-([1-9][0-9]{0,8})")
        for listed in self.names["terms"]:
            match = versioned.fullmatch(listed)
            if listed == name or (match is not None and version <= int(match[1])):
                return True
        return False


@dataclass(frozen=True, slots=True)
class Places:
    """The facilities and access points of one tenant, and the names its registers know."""

    tenant: Tenant
    facilities: Mapping[FacilityId, Facility]
    access_points: tuple[AccessPoint, ...]
    registers: Registers
    by_number: Mapping[AccessPointNumber, AccessPoint]
    by_id: Mapping[AccessPointId, AccessPoint]
    beneath: Mapping[str, tuple[AccessPoint, ...]]
    """Every place a rule may name, as written there, and the access points it speaks for."""

    def of_facility(self, facility: FacilityId) -> tuple[AccessPoint, ...]:
        """The access points of `facility`, by number."""
        return tuple(point for point in self.access_points if point.facility == facility)

    @property
    def controllers(self) -> tuple[ControllerId, ...]:
        """The controllers, in the order of their first access point."""
        return tuple(dict.fromkeys(point.controller for point in self.access_points))


def is_name(text: str) -> bool:
    """Whether a register may use `text`: lower-case letters, digits, `.`, `/`, `-`, at most 64."""
    return len(text) <= 64 and text == text.lower() and _NAME.fullmatch(text) is not None
