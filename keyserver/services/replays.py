"""Identifiers that count once: the `jti` of DPoP proofs and client assertions.

Kept in the database, so that a restart or another replica forgets none (abuse case C05); taken by
one insert, so that of two at the same moment exactly one succeeds. An identifier is kept as a
hash, until its proof could no longer be accepted.
"""

import hashlib

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from keyserver.errors import AlreadyUsed
from keyserver.storage.store import Store
from keyserver.storage.tables import used_identifier
from policies.vocabulary import Instant, TenantId

FORGET_EVERY_SECONDS = 60

_TAKE = insert(used_identifier).on_conflict_do_nothing()
_FORGET = sa.delete(used_identifier).where(used_identifier.c.until <= sa.bindparam("at"))


class Replays:
    """The used identifiers of one tenant."""

    def __init__(self, store: Store, tenant: TenantId) -> None:
        self._store = store
        self._tenant = tenant
        self._forgot_at = Instant(0)

    async def take(
        self, use: str, key_thumbprint: str, jti: str, until: Instant, at: Instant
    ) -> None:
        """Take `jti` of this key and use, kept until `until`; AlreadyUsed the second time."""
        row = {
            "tenant": self._tenant,
            "use": use,
            "thumbprint": key_thumbprint,
            "identifier_sha256": hashlib.sha256(jti.encode(errors="surrogatepass")).digest(),
            "until": until,
        }

        def unit(connection: sa.Connection) -> bool:
            if not self._forgot_at <= at < self._forgot_at + FORGET_EVERY_SECONDS:
                self._forgot_at = at
                connection.execute(_FORGET, {"at": at})
            return connection.execute(_TAKE, row).rowcount == 1

        if not await self._store.write(unit):
            raise AlreadyUsed(f"expected a {use} identifier not used before, got one again")
