"""The door's own verification, run over the bytes of a credential before it is released.

A credential is what a door accepts (architecture.md): the same parser, the same trust state and
the same steps of SPEC.md 6 that do not need a phone: 4 to 6 and 9 to 11, with the bundle that the
doors of the facility are given. A failure is this server's fault: `IssuanceFault`, and the bytes
go nowhere.
"""

import threading

from keyserver.errors import IssuanceFault
from lockagent.protocol.credential import Credential
from lockagent.protocol.envelope import Realm
from lockagent.protocol.errors import ProtocolError, VerificationError
from lockagent.protocol.trust import TrustState
from lockagent.protocol.trust_errors import TrustRefused
from lockagent.protocol.verification import (
    DoorView,
    SeenCredentials,
    take_apart,
    verify_in_force,
    verify_issuer,
)
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
            view = DoorView(
                realm=self._realm,
                facility=intended.facility,
                point=intended.grant.entries[0].points[0],
                is_sensitive=is_sensitive,
                trust=trust,
                hi=at,
                is_clock_narrow=True,
            )
            issued = verify_issuer(take_apart(signed, SeenCredentials()), view)
            credential = issued.received.claims
            verify_in_force(credential, view)
        except (ProtocolError, TrustRefused, VerificationError) as error:
            raise IssuanceFault(f"expected a credential that doors accept, got: {error}") from error
        if credential != intended:
            raise IssuanceFault(
                f"expected the credential intended for {intended.facility}, got another content"
            )

    def _trust(self, facility: FacilityId, root: bytes, bundle: bytes, at: Instant) -> TrustState:
        with self._lock:
            held = self._held.get(facility)
            if held is None or held.root_bytes != root or held.bundle_bytes != bundle:
                # No bound above: a verb may have signed this bundle since the request came.
                held = TrustState.begin(self._realm, facility, root).update(bundle, at, None)
                self._held[facility] = held
            return held
