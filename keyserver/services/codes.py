"""Codes typed by people: to enrol a phone, or to provision a door controller (interfaces.md 7).

Rules kept here:
- a code is valid for its minutes, once, for its purpose; kept as a hash;
- unknown, used, expired and for another purpose are one answer;
- an address gets 10 wrong tries a minute. Tries that are still under way count, so a hundred at
  once get no more; a right code counts nothing, so a whole house may enrol from one address.

The count is in memory: a restart forgets at most a minute of it.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

import sqlalchemy as sa

from keyserver.errors import CodeNotAccepted, TooManyTries
from keyserver.services.identifiers import RandomBytes, code_hash, new_code
from keyserver.storage.tables import code
from policies.vocabulary import Instant, TenantId

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
    .returning(code.c.subject)
)


def make_code(
    connection: sa.Connection,
    tenant: TenantId,
    purpose: Purpose,
    subject: str,
    minutes: int,
    random_bytes: RandomBytes,
    at: Instant,
) -> tuple[str, Instant]:
    """A new code for `subject`, and when it expires; only here is it ever seen in clear."""
    made = new_code(random_bytes)
    expires = Instant(at + 60 * minutes)
    connection.execute(
        _INSERT,
        {
            "tenant": tenant,
            "code_hash": code_hash(made),
            "purpose": purpose,
            "subject": subject,
            "made_at": at,
            "expires": expires,
        },
    )
    return made, expires


def redeem_code(
    connection: sa.Connection, tenant: TenantId, purpose: Purpose, typed: str, at: Instant
) -> str:
    """The subject of a code that is valid now, which is used up by this; else CodeNotAccepted."""
    hashed = code_hash(typed)
    if hashed is None:
        raise CodeNotAccepted
    subject: str | None = connection.execute(
        _REDEEM, {"of_tenant": tenant, "hash": hashed, "for_purpose": purpose, "at": at}
    ).scalar_one_or_none()
    if subject is None:
        raise CodeNotAccepted
    return subject


class WrongTries:
    """How many wrong codes each address has tried in the last minute."""

    __slots__ = ("_tries",)

    def __init__(self) -> None:
        self._tries: OrderedDict[str, deque[Instant]] = OrderedDict()

    @contextmanager
    def one_try(self, address: str, at: Instant) -> Iterator[None]:
        """Count a try while it runs, and afterwards if it ends with CodeNotAccepted."""
        tries = self._tries.setdefault(address, deque())
        self._tries.move_to_end(address)
        while tries and tries[0] <= at - 60:
            tries.popleft()
        if len(tries) >= TRIES_A_MINUTE:
            raise TooManyTries(TRIES_A_MINUTE, max(1, tries[0] + 60 - at))
        tries.append(at)
        while len(self._tries) > ADDRESSES_REMEMBERED:
            self._tries.popitem(last=False)
        wrong = False
        try:
            yield
        except CodeNotAccepted:
            wrong = True
            raise
        finally:
            if not wrong and at in tries:
                tries.remove(at)
