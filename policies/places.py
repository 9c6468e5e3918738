"""Places and the known names: what places.yaml says.

Rules kept here (interfaces.md 6):
- ids are paths: the first segment is the facility (`building:` in rules), inner ones are zones
  (`zone:`), the whole is an access point (`door:`); a path is one of these, never two;
- numbers are unique; a number is never used again, which is the key server's to remember;
- all access points of a controller lie in one facility;
- a name that the registers do not list is a dangling id: a rule could never be met.

Pure: the text comes in.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from zoneinfo import ZoneInfo, available_timezones

from policies.source_tree import Faults, Near, Node, read_tree
from policies.vocabulary import (
    MAX_ACCESS_POINT_NUMBER,
    AccessPointId,
    AccessPointNumber,
    ControllerId,
    FacilityId,
    TenantId,
    is_short_id,
    is_slug,
)

_NAME = re.compile(r"[^\W_]+(?:[./-][^\W_]+)*")
_NUMBER = re.compile(r"[1-9][0-9]{0,9}")
_REGISTERS = (
    "members", "terms", "roles", "lists", "residences", "switches", "bookings", "assignments",
)  # fmt: skip


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


def read_time_zone(node: Node) -> ZoneInfo:
    """A zone of the IANA database by area and place, or UTC; never what this machine is set to."""
    name = node.text("a time zone such as Europe/Oslo")
    known = _time_zones()
    if name not in known:
        raise node.fault(
            f"expected a time zone of the IANA database, got {name!r}", Near(name, known)
        )
    return ZoneInfo(name)


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(name for name in available_timezones() if "/" in name or name == "UTC")


def read_boolean(node: Node) -> bool:
    """`true` or `false`, nothing else."""
    return node.one_of("true or false", ("true", "false")) == "true"


def parse_places(text: str, file: str) -> Places:
    """Read places.yaml; raises PolicyError with every fault found."""
    faults = Faults()
    places: Places | None = None
    with faults.noted():
        places = _read_places(read_tree(text, file), faults)
    faults.raise_any()
    if places is None:
        raise RuntimeError("expected places or a fault, got neither")
    return places


def _read_places(root: Node, faults: Faults) -> Places:
    fields = root.fields("places", ("tenant", "facilities", "access_points"), ("registers",))
    tenant = _read_tenant(fields["tenant"])
    facilities: dict[FacilityId, Facility] = {}
    for node in fields["facilities"].items("facilities"):
        with faults.noted():
            facility = _read_facility(node)
            if facility.id in facilities:
                raise node.fault(f"expected each facility once, got {facility.id!r} twice")
            facilities[facility.id] = facility
    points: list[AccessPoint] = []
    taken = _Taken()
    for node in fields["access_points"].items("access points"):
        with faults.noted():
            point = _read_access_point(node, facilities)
            taken.add(node, point)
            points.append(point)
    points.sort(key=lambda point: point.number)
    beneath = _beneath(facilities, points)
    registers = Registers(dict.fromkeys(_REGISTERS, ()))
    if "registers" in fields:
        # a faulty place would make its residences dangle as well
        known_places = None if faults.found else beneath
        with faults.noted():
            registers = _read_registers(fields["registers"], known_places)
    return Places(
        tenant,
        MappingProxyType(facilities),
        tuple(points),
        registers,
        MappingProxyType({point.number: point for point in points}),
        MappingProxyType({point.id: point for point in points}),
        MappingProxyType(beneath),
    )


def _beneath(
    facilities: Mapping[FacilityId, Facility], points: Sequence[AccessPoint]
) -> dict[str, tuple[AccessPoint, ...]]:
    spoken_for: dict[str, list[AccessPoint]] = {str(MUNICIPALITY): list(points)}
    spoken_for |= {f"building:{facility}": [] for facility in facilities}
    for point in points:
        segments = point.id.split("/")
        spoken_for[f"building:{point.facility}"].append(point)
        for length in range(2, len(segments)):
            spoken_for.setdefault(f"zone:{'/'.join(segments[:length])}", []).append(point)
        spoken_for[f"door:{point.id}"] = [point]
    return {place: tuple(beneath) for place, beneath in spoken_for.items()}


def _read_tenant(node: Node) -> Tenant:
    fields = node.fields("a tenant", ("id", "name", "time_zone"))
    return Tenant(
        TenantId(_read_short_id(fields["id"], "a tenant")),
        fields["name"].text("a name"),
        read_time_zone(fields["time_zone"]),
    )


def _read_short_id(node: Node, of_what: str) -> str:
    text = node.text(f"the id of {of_what}")
    if not is_short_id(text):
        raise node.fault(f"expected 1 to 16 of a-z 0-9 -, got {text!r}")
    return text


def _read_facility(node: Node) -> Facility:
    fields = node.fields("a facility", ("id", "name"), ("owner", "sensitive"))
    return Facility(
        FacilityId(_read_short_id(fields["id"], "a facility")),
        fields["name"].text("a name"),
        fields["owner"].text("an owner") if "owner" in fields else None,
        "sensitive" in fields and read_boolean(fields["sensitive"]),
    )


def _read_access_point(node: Node, facilities: Mapping[FacilityId, Facility]) -> AccessPoint:
    required = ("id", "number", "controller", "name", "listed")
    fields = node.fields("an access point", required, ("sensitive",))
    path = fields["id"].text("a path such as torshov/entrance/main")
    segments = path.split("/")
    if not is_slug(path) or len(segments) < 2 or not all(segments):
        raise fields["id"].fault(
            "expected a path such as torshov/entrance/main, at most 64 of a-z 0-9 . - /,"
            f" got {path!r}"
        )
    if segments[0] not in facilities:
        near = Near(segments[0], facilities)
        raise fields["id"].fault(f"expected a known facility, got {segments[0]!r}", near)
    facility = facilities[FacilityId(segments[0])]
    number = fields["number"].text("a number")
    if not _NUMBER.fullmatch(number) or int(number) > MAX_ACCESS_POINT_NUMBER:
        raise fields["number"].fault(f"expected 1 to {MAX_ACCESS_POINT_NUMBER}, got {number!r}")
    controller = fields["controller"].text("the id of a controller")
    if not is_slug(controller):
        raise fields["controller"].fault(f"expected 1 to 64 of a-z 0-9 . / -, got {controller!r}")
    sensitive = "sensitive" in fields and read_boolean(fields["sensitive"])
    return AccessPoint(
        AccessPointId(path),
        AccessPointNumber(int(number)),
        facility.id,
        ControllerId(controller),
        fields["name"].text("a name"),
        read_boolean(fields["listed"]),
        sensitive or facility.sensitive,
    )


class _Taken:
    """What the access points read so far have taken, so that the next may not."""

    def __init__(self) -> None:
        self._numbers: dict[AccessPointNumber, AccessPointId] = {}
        self._paths: dict[str, AccessPointId] = {}
        self._facilities: dict[ControllerId, FacilityId] = {}

    def add(self, node: Node, point: AccessPoint) -> None:
        """Take what `point` needs; raises Unreadable where another has it."""
        segments = point.id.split("/")
        above = ["/".join(segments[:length]) for length in range(1, len(segments))]
        if point.number in self._numbers:
            other = self._numbers[point.number]
            raise node.fault(f"expected each number once, got {point.number} for {other} as well")
        if point.id in self._paths:
            other = self._paths[point.id]
            raise node.fault(f"expected {point.id} to be one access point, got {other} as well")
        for path in above:
            if self._paths.get(path) == path:
                raise node.fault(f"expected {path} to be a zone, got an access point of that path")
        facility = self._facilities.setdefault(point.controller, point.facility)
        if facility != point.facility:
            raise node.fault(
                f"expected the access points of {point.controller} in one facility,"
                f" got {facility} and {point.facility}"
            )
        self._numbers[point.number] = point.id
        for path in (*above, point.id):
            self._paths.setdefault(path, point.id)


def _read_registers(node: Node, known_places: Collection[str] | None) -> Registers:
    """The names; `known_places` are those a residence may be at, None for any."""
    fields = node.fields("registers", (), _REGISTERS)
    names: dict[str, tuple[str, ...]] = dict.fromkeys(_REGISTERS, ())
    for register, listed in fields.items():
        if listed.content == ():
            continue
        names[register] = tuple(_read_listed_name(n, register) for n in listed.items("names"))
        if register == "residences" and known_places is not None:
            for residence in listed.items("names"):
                residence.one_of("municipality or a known place", known_places)
    return Registers(MappingProxyType(names))


def _read_listed_name(node: Node, register: str) -> str:
    text = node.text("a name")
    plain = text.partition(":")[2] if register == "residences" and ":" in text else text
    if not is_name(plain):
        raise node.fault(f"expected 1 to 64 lower-case letters, digits, . / -, got {text!r}")
    return text
