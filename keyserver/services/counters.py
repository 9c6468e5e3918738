"""Counters that say that something has changed, without saying what.

`doors`: something a door controller fetches (a bundle, settings, a root, a certificate) is newer;
`registers`: places, people or policies are others than before; `probes`: the store was written to
see that it can be. Raised in the transaction of the
change, so whoever reads a counter reads what it counts.
"""

from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from keyserver.storage.tables import counter
from policies.vocabulary import TenantId


class Counter(StrEnum):
    """The names of the counters."""

    DOORS = "doors"
    REGISTERS = "registers"
    PROBES = "probes"


_INSERT = insert(counter).values(value=1)
_RAISE = _INSERT.on_conflict_do_update(
    index_elements=[counter.c.tenant, counter.c.name], set_={"value": counter.c.value + 1}
)
_READ = sa.select(counter.c.value).where(
    counter.c.tenant == sa.bindparam("tenant"), counter.c.name == sa.bindparam("name")
)


def raise_counter(connection: sa.Connection, tenant: TenantId, name: Counter) -> None:
    """Count one more change."""
    connection.execute(_RAISE, {"tenant": tenant, "name": name})


def read_counter(connection: sa.Connection, tenant: TenantId, name: Counter) -> int:
    """How many changes there were; 0 before the first."""
    return connection.execute(_READ, {"tenant": tenant, "name": name}).scalar() or 0
