"""Who signs for one tenant: its realm, its issuer URL, its keys and its dice.

Handed to every service that makes something; made once when an installation is opened.
"""

import secrets
from dataclasses import dataclass

from keyserver.services.identifiers import RandomBytes
from keyserver.signing import Signers
from lockagent.protocol.envelope import Realm
from policies.vocabulary import TenantId


@dataclass(frozen=True, slots=True)
class Authority:
    """What is needed to sign as a tenant; `random_bytes` is replaced in tests only."""

    realm: Realm
    issuer: str
    signers: Signers
    random_bytes: RandomBytes = secrets.token_bytes

    @property
    def tenant(self) -> TenantId:
        """The tenant that this authority signs for."""
        return self.realm.tenant
