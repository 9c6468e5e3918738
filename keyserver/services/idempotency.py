"""The same creating request again: the same answer, and no second effect.

The first answer is kept in the transaction of its effect, by caller and Idempotency-Key, for a
day. The same key with another body is a conflict (interfaces.md 1).
"""

import hmac
from dataclasses import dataclass

import sqlalchemy as sa

from keyserver.errors import IdempotencyConflict
from keyserver.storage.tables import idempotent_answer
from policies.vocabulary import Instant, TenantId

KEPT_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A request's Idempotency-Key, and SHA-256 of its body."""

    key: str
    body_sha256: bytes


_FIND = sa.select(idempotent_answer.c.body_sha256, idempotent_answer.c.answer).where(
    idempotent_answer.c.tenant == sa.bindparam("tenant"),
    idempotent_answer.c.caller == sa.bindparam("caller"),
    idempotent_answer.c.key == sa.bindparam("key"),
)
_KEEP = sa.insert(idempotent_answer)
_FORGET = sa.delete(idempotent_answer).where(idempotent_answer.c.until <= sa.bindparam("at"))


def recall(
    connection: sa.Connection, tenant: TenantId, caller: str, request: Idempotency | None
) -> str | None:
    """What was answered to this request before, or None; IdempotencyConflict for another body."""
    if request is None:
        return None
    row = connection.execute(
        _FIND, {"tenant": tenant, "caller": caller, "key": request.key}
    ).one_or_none()
    if row is None:
        return None
    if not hmac.compare_digest(row.body_sha256, request.body_sha256):
        raise IdempotencyConflict("expected the body that first came with this key, got another")
    answer: str = row.answer
    return answer


def remember(
    connection: sa.Connection,
    tenant: TenantId,
    caller: str,
    request: Idempotency | None,
    answer: str,
    at: Instant,
) -> None:
    """Keep `answer` beside the effect it tells of; forget those kept long enough."""
    if request is None:
        return
    connection.execute(_FORGET, {"at": at})
    connection.execute(
        _KEEP,
        {
            "tenant": tenant,
            "caller": caller,
            "key": request.key,
            "body_sha256": request.body_sha256,
            "answer": answer,
            "until": at + KEPT_SECONDS,
        },
    )
