"""What a running server keeps up by itself: bundles young, reader certificates valid.

Rules kept here:
- a bundle is signed anew at least daily, whether or not it says anything else;
- a reader certificate with half of its life left is renewed, and the bundle signed with it tells
  its controller that there is one to fetch.
"""

import asyncio
import logging
from functools import partial

import sqlalchemy as sa

from keyserver.errors import IssuanceFault, SignerUnavailable, StoreUnavailable
from keyserver.services.authority import Authority
from keyserver.services.doors.bundles import newest_bundle, renew_all_bundles, renew_bundle
from keyserver.services.doors.readers import certify_reader, readers_to_renew
from keyserver.storage.store import Store
from lockagent.protocol.time_source import Clock, instant_of
from lockagent.protocol.trust_bundle import TrustVersion
from policies.vocabulary import Instant

LOOK_EVERY_SECONDS = 600

_LOG = logging.getLogger(__name__)


def renew_due(connection: sa.Connection, authority: Authority, at: Instant) -> None:
    """Renew every certificate and bundle that is due."""
    for mounted in readers_to_renew(connection, authority.tenant, at):
        version, _ = newest_bundle(connection, authority.tenant, mounted.facility)
        announced = TrustVersion(version.root, version.counter + 1)
        certify_reader(connection, authority, mounted, announced, at)
        renew_bundle(connection, authority, mounted.facility, at, at_any_rate=True)
    renew_all_bundles(connection, authority, at)


async def keep_renewing(store: Store, authority: Authority, clock: Clock) -> None:
    """`renew_due` now and every ten minutes, until cancelled."""
    while True:
        try:
            unit = partial(renew_due, authority=authority, at=instant_of(clock))
            await store.write(unit)
        except (StoreUnavailable, SignerUnavailable, IssuanceFault) as error:
            _LOG.error("bundles of %s not renewed: %s", authority.tenant, error)
        await asyncio.sleep(LOOK_EVERY_SECONDS)
