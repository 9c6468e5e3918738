"""The words every part shares: identifiers, instants, actions.

An `Instant` is whole seconds since 1970-01-01T00:00:00Z (POSIX time, no leap seconds). It is the
unit of the wire (RFC 8392 NumericDate without fractions) and of the window algebra; a
`datetime` is made from it only where people read it (docs/adr/0002). Civil time lives in
`policies.schedule` alone.

Standard library only: a door installs this module without YAML or holiday tables.
"""

import re
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import NewType

Instant = NewType("Instant", int)
"""Whole seconds since 1970-01-01T00:00:00Z."""
DAY_SECONDS = 86_400
"""A UTC day; a local one may be an hour more or less."""

TenantId = NewType("TenantId", str)
"""1 to 16 of `a-z 0-9 -`: one municipality."""
FacilityId = NewType("FacilityId", str)
"""1 to 16 of `a-z 0-9 -`: travels as `aud` in a credential."""
AccessPointId = NewType("AccessPointId", str)
"""A path such as `torshov/entrance/main`; its first segment is the facility."""
AccessPointNumber = NewType("AccessPointNumber", int)
"""1 to 2^32 - 1, unique in the tenant and never used again; what a grant names."""
ControllerId = NewType("ControllerId", str)
"""`ctl_` and 16 Crockford base32 characters, given by the server; or a place file's own slug."""
DeviceId = NewType("DeviceId", str)
"""`dev_` and 16 Crockford base32 characters."""
PersonId = NewType("PersonId", str)
"""A slug of 1 to 64 characters: a subject as the registers name it."""
RuleId = NewType("RuleId", str)
"""The `id` of a rule, unique in its document."""

MAX_ACCESS_POINT_NUMBER = 2**32 - 1

_SHORT_ID = re.compile(r"[a-z0-9-]{1,16}")
_SLUG = re.compile(r"[a-z0-9./-]{1,64}")
_RFC3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class Action(IntEnum):
    """What a phone may ask of an access point; the value is the wire's (SPEC.md 4.3)."""

    OPEN = 0
    HOLD_OPEN = 1
    LOCK = 2
    LIGHT = 3


ACTION_NAMES = MappingProxyType({action.name.lower(): action for action in Action})
"""Every action by the name that people write: `open`, `hold_open`, `lock`, `light`."""


class Environment(StrEnum):
    """The world a signed object belongs to; a door of one refuses the objects of the others."""

    PRODUCTION = "production"
    TEST = "test"
    DEVELOPMENT = "development"


def is_short_id(text: str) -> bool:
    """Whether `text` may name a tenant or a facility: 1 to 16 of `a-z 0-9 -`."""
    return _SHORT_ID.fullmatch(text) is not None


def is_slug(text: str) -> bool:
    """Whether `text` may name an access point or a person: 1 to 64 of `a-z 0-9 . / -`."""
    return _SLUG.fullmatch(text) is not None


def parse_instant(text: str) -> Instant:
    """Read an RFC 3339 UTC instant with `Z` and whole seconds; anything else is a ValueError."""
    if _RFC3339_UTC.fullmatch(text) is None:
        raise ValueError(f"expected an instant like 2026-10-14T17:00:00Z, got {text!r}")
    return Instant(int(datetime.fromisoformat(text).timestamp()))


def instant_text(at: Instant) -> str:
    """Write an instant as RFC 3339 UTC with `Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
