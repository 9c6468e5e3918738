"""The door's own verification, run over the bytes of a credential before it is released.

A credential is what a door accepts (architecture.md): the same parser, the same trust state and
the same steps of SPEC.md 6 that do not need a phone: 4, 5, 6, 9 and 10, with the bundle that the
doors of the facility are given. A failure is this server's fault: `IssuanceFault`, and the bytes
go nowhere.
"""

import threading

from keyserver.errors import IssuanceFault
from lockagent.protocol.claims import Received
from lockagent.protocol.credential import (
    LIFE_SECONDS,
    SENSITIVE_LIFE_SECONDS,
    Credential,
    parse_credential,
)
from lockagent.protocol.envelope import ObjectType, Realm
from lockagent.protocol.errors import ProtocolError
from lockagent.protocol.keys import BadSignature
from lockagent.protocol.trust import Freshness, TrustState
from lockagent.protocol.trust_bundle import Role
from lockagent.protocol.trust_errors import TrustRefused
from policies.vocabulary import FacilityId, Instant


class DoorCheck:
    """A door's view of each facility, kept while its root and bundle are the newest."""

    def __init__(self, realm: Realm) -> None:
        self._realm = realm
        self._held: dict[FacilityId, TrustState] = {}
        self._lock = threading.Lock()

    def verify(
        self,
        signed: bytes,
        intended: Credential,
        *,
        is_sensitive: bool,
        root: bytes,
        bundle: bytes,
        at: Instant,
    ) -> None:
        """Return if a door would honour `signed`, and it says what was intended."""
        try:
            trust = self._trust(intended.facility, root, bundle, at)
            received: Received[Credential] = parse_credential(signed)
            kid, issued_at = received.sign1.kid, received.claims.issued_at
            key = trust.issuer_key(kid, Role.CREDENTIAL, issued_at)
            credential = received.verify(ObjectType.CREDENTIAL, self._realm, key)
        except (ProtocolError, TrustRefused, BadSignature) as error:
            raise IssuanceFault(f"expected a credential that doors accept, got: {error}") from error
        most = SENSITIVE_LIFE_SECONDS if is_sensitive else LIFE_SECONDS
        faults = {
            "another content": credential != intended,
            "an expired trust state": trust.freshness(at) is not Freshness.FULL,
            "an ended epoch": not trust.is_epoch_current(credential.epoch),
            "a revoked index": trust.is_revoked(credential.index),
            "a longer life": credential.expires - credential.issued_at > most,
            "an end that has passed": not credential.not_before <= at < credential.expires,
        }
        for fault, holds in faults.items():
            if holds:
                raise IssuanceFault(
                    f"expected a credential that doors of {credential.facility} honour, got {fault}"
                )

    def _trust(self, facility: FacilityId, root: bytes, bundle: bytes, at: Instant) -> TrustState:
        with self._lock:
            held = self._held.get(facility)
            if held is None or held.root_bytes != root or held.bundle_bytes != bundle:
                # No bound above: a verb may have signed this bundle since the request came.
                held = TrustState.begin(self._realm, facility, root).update(bundle, at, None)
                self._held[facility] = held
            return held
