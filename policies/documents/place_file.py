"""places.yaml: the text to places, or every fault with file, line and key path.

Rules kept here (interfaces.md 6):
- a path is a facility, a zone or an access point, never two of these;
- numbers are unique; a number is never used again, which is the key server's to remember;
- all access points of a controller lie in one facility;
- a listed residence is the municipality or a known place.

What places are is `policies.places`. Pure: the text comes in.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from zoneinfo import ZoneInfo, available_timezones

from policies.documents.source_tree import Faults, Near, Node, read_tree
from policies.places import (
    MUNICIPALITY,
    AccessPoint,
    Facility,
    Places,
    Registers,
    Tenant,
    is_name,
)
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

_NUMBER = re.compile(r"[1-9][0-9]{0,9}")
_REGISTERS = (
    "members", "terms", "roles", "lists", "residences", "switches", "bookings", "assignments",
)  # fmt: skip


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
