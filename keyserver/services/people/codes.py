"""Codes typed by people: to enrol a phone, or to provision a door controller (interfaces.md 7).

Rules kept here:
- a code is valid for its minutes, once, for its purpose; kept as a hash;
- unknown, used, expired and for another purpose are one answer;
- a code for a phone ends when its person is revoked or leaves the register;
- an address gets 10 wrong tries a minute. Tries that are still under way count, so a hundred at
  once get no more; a right code counts nothing, so a whole house may enrol from one address.

The count is in memory: a restart forgets at most a minute of it.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

import sqlalchemy as sa

from keyserver.errors import CodeNotAccepted, TooManyTries
from keyserver.services.identifiers import RandomBytes, code_hash, new_code
from keyserver.storage.tables import code
from policies.vocabulary import Instant, PersonId, TenantId

CODE_MINUTES = 30
TRIES_A_MINUTE = 10
ADDRESSES_REMEMBERED = 10_000


class Purpose(StrEnum):
    """What a code is for."""

    DEVICE = "device"
    CONTROLLER = "controller"


_INSERT = sa.insert(code)
_REDEEM = (
    sa.update(code)
    .where(
        code.c.tenant == sa.bindparam("of_tenant"),
        code.c.code_hash == sa.bindparam("hash"),
        code.c.purpose == sa.bindparam("for_purpose"),
        code.c.used_at.is_(None),
        code.c.expires > sa.bindparam("at"),
    )
    .values(used_at=sa.bindparam("at"))
    .returning(code.c.made_for)
)
_VOID = (
    sa.update(code)
    .where(
        code.c.tenant == sa.bindparam("of_tenant"),
        code.c.purpose == Purpose.DEVICE,
        code.c.made_for == sa.bindparam("of_person"),
        code.c.used_at.is_(None),
        code.c.expires > sa.bindparam("at"),
    )
    .values(expires=sa.bindparam("at"))
)


def make_code(
    connection: sa.Connection,
    tenant: TenantId,
    purpose: Purpose,
    made_for: str,
    minutes: int,
    random_bytes: RandomBytes,
    at: Instant,
) -> tuple[str, Instant]:
    """A new code and when it expires; only here is it ever seen in clear."""
    made = new_code(random_bytes)
    expires = Instant(at + 60 * minutes)
    connection.execute(
        _INSERT,
        {
            "tenant": tenant,
            "code_hash": code_hash(made),
            "purpose": purpose,
            "made_for": made_for,
            "made_at": at,
            "expires": expires,
        },
    )
    return made, expires


def redeem_code(
    connection: sa.Connection, tenant: TenantId, purpose: Purpose, typed: str, at: Instant
) -> str:
    """Whom a code that is valid now was made for; this uses it up. Else CodeNotAccepted."""
    hashed = code_hash(typed)
    if hashed is None:
        raise CodeNotAccepted
    made_for: str | None = connection.execute(
        _REDEEM, {"of_tenant": tenant, "hash": hashed, "for_purpose": purpose, "at": at}
    ).scalar_one_or_none()
    if made_for is None:
        raise CodeNotAccepted
    return made_for


def void_codes(connection: sa.Connection, tenant: TenantId, person: PersonId, at: Instant) -> int:
    """End the unused codes of a person; how many there were."""
    of = {"of_tenant": tenant, "of_person": person, "at": at}
    return connection.execute(_VOID, of).rowcount


class WrongTries:
    """How many wrong codes each address has tried in the last minute."""

    __slots__ = ("_tries",)

    def __init__(self) -> None:
        self._tries: OrderedDict[str, deque[Instant]] = OrderedDict()

    @contextmanager
    def one_try(self, address: str, at: Instant) -> Iterator[None]:
        """Count a try while it runs, and afterwards if it was wrong or given up."""
        tries = self._tries.setdefault(address, deque())
        self._tries.move_to_end(address)
        while tries and tries[0] <= at - 60:
            tries.popleft()
        if len(tries) >= TRIES_A_MINUTE:
            raise TooManyTries(TRIES_A_MINUTE, max(1, tries[0] + 60 - at))
        tries.append(at)
        while len(self._tries) > ADDRESSES_REMEMBERED:
            self._tries.popitem(last=False)
        counts = False
        try:
            yield
        except (CodeNotAccepted, asyncio.CancelledError):
            counts = True
            raise
        finally:
            if not counts and at in tries:
                tries.remove(at)
