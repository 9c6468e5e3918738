"""Enrolment: a fresh device key is bound to the person a code was given to, and a root is pinned.

The phone's own record of it is `phone.json`. Rules kept here:
- a home is enrolled once; a second enrolment is refused until it is forgotten;
- the server has to call itself by the issuer that was typed, and a plain-HTTP one has to be of
  development;
- the root that comes with the answer satisfies its own threshold; from then on it is the only one
  trusted (SPEC.md 8.1);
- an answer lost on the way costs nothing: the device key is made first, and the same code with the
  same key and name is the same request, by its Idempotency-Key.
"""

import hashlib
import platform
from dataclasses import dataclass
from typing import Self

from lockagent.protocol.envelope import Realm
from lockagent.protocol.errors import ProtocolError
from lockagent.protocol.issuer import Issuer, parse_issuer
from lockagent.protocol.keys import base64url
from lockagent.protocol.root import parse_root, verify_first_root
from lockagent.protocol.time_source import SystemClock, clock_of
from lockagent.protocol.trust_errors import TrustRefused
from mobile_sdk.device_key import DEVICE_KEY, KeyStore, StoredKey
from mobile_sdk.documents import Members, parse_document, write_document
from mobile_sdk.errors import EnrolmentRefused, ServerUnavailable, StoreUnreadable
from mobile_sdk.server import ServerRefused, open_key_server
from policies.vocabulary import DeviceId, Environment

PHONE_FILE = "phone.json"
MOST_NAME_CHARACTERS = 64

_CODE_CHARACTERS = 12
_CROCKFORD = frozenset("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_KEY_TAKEN = "key-already-enrolled"
_TOO_MANY = "device-limit"
_REFUSALS = frozenset({"code-not-accepted", "idempotency-conflict", _TOO_MANY, _KEY_TAKEN})


class NotEnrolled(StoreUnreadable):
    """Nothing is damaged: no phone was enrolled here."""


class AlreadyEnrolled(EnrolmentRefused):
    """This phone is; the code was not used."""


class TooManyPhones(EnrolmentRefused):
    """The person has as many phones as one may have; the code was not used."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Who this phone is, to whom, and what it trusts from the start."""

    issuer: Issuer
    environment: Environment
    device: DeviceId
    root: bytes

    @property
    def realm(self) -> Realm:
        """The world and tenant that every signed object has to be of."""
        return Realm(self.environment, self.issuer.tenant)

    def encode(self) -> bytes:
        """What `phone.json` holds."""
        return write_document(
            {
                "issuer": self.issuer.url,
                "environment": self.environment,
                "device": self.device,
                "root": base64url(self.root),
            }
        )

    @classmethod
    def read(cls, members: Members) -> Self:
        """The enrolment in `phone.json`; BadDocument or ValueError for another file."""
        environment = Environment(members.text("environment", 16))
        issuer = parse_issuer(members.text("issuer"), environment)
        return cls(
            issuer, environment, DeviceId(members.text("device", 64)), members.octets("root")
        )


def load_enrolment(store: KeyStore) -> Enrolment:
    """The enrolment in `store`; StoreUnreadable where there is none, or it is damaged."""
    content = store.read(PHONE_FILE)
    if content is None:
        raise NotEnrolled("expected an enrolled phone, got none here yet")
    try:
        enrolment = Enrolment.read(parse_document(content))
        verify_first_root(parse_root(enrolment.root), enrolment.realm)
    except (ValueError, ProtocolError, TrustRefused) as error:
        raise StoreUnreadable(f"expected {PHONE_FILE} as it was written, got: {error}") from error
    return enrolment


async def enrol_phone(
    issuer_url: str, code: str, store: KeyStore, name: str, clock: str
) -> Enrolment:
    """Enrol with a code typed by a person; `clock` is a setting of `clock_of`.

    ValueError for a URL that is no issuer's, or a clock that this environment does not allow.
    """
    # Which environment it is, the server says; until then the loosest rule holds.
    asked = parse_issuer(issuer_url.strip().removesuffix("/"), Environment.DEVELOPMENT)
    typed = read_code(code)
    if not 1 <= len(name) <= MOST_NAME_CHARACTERS:
        raise ValueError(f"expected a name of 1 to {MOST_NAME_CHARACTERS} characters")
    if store.read(PHONE_FILE) is not None:
        raise AlreadyEnrolled("expected a phone not enrolled yet, got one that is; forget it first")
    key = _device_key(store)
    async with open_key_server(asked.url, "", key, SystemClock()) as server:
        installation = await server.describe()
    environment = installation.environment
    try:
        issuer = parse_issuer(asked.url, environment)
    except ValueError as error:
        raise ServerUnavailable(str(error)) from error
    identity = f"{key.public.thumbprint()}.{typed}".encode()
    idempotency_key = base64url(hashlib.sha256(identity).digest())
    async with open_key_server(issuer.url, "", key, clock_of(clock, environment)) as server:
        try:
            enrolled = await server.enrol(typed, name, platform.system() or "-", idempotency_key)
        except ServerRefused as refusal:
            if refusal.problem == _KEY_TAKEN:
                store.delete(DEVICE_KEY)  # the next code binds a fresh key
            if refusal.problem in _REFUSALS:
                kind = TooManyPhones if refusal.problem == _TOO_MANY else EnrolmentRefused
                raise kind(f"expected the code to be taken, got {refusal.problem}") from refusal
            raise
    enrolment = Enrolment(issuer, environment, enrolled.device, enrolled.root)
    try:
        verify_first_root(parse_root(enrolment.root), enrolment.realm)
    except (ProtocolError, TrustRefused) as error:
        raise ServerUnavailable(f"expected a root to trust, got: {error}") from error
    store.write(PHONE_FILE, enrolment.encode())
    return enrolment


def read_code(typed: str) -> str:
    """A code as it was given, `7KQ2-M9XD-4TPA`, from what somebody typed; or EnrolmentRefused."""
    code = typed.upper().translate(_LOOKALIKES)
    if len(code) != _CODE_CHARACTERS or not _CROCKFORD.issuperset(code):
        raise EnrolmentRefused("expected a code like 7KQ2-M9XD-4TPA, got other text")
    return "-".join(code[start : start + 4] for start in range(0, _CODE_CHARACTERS, 4))


def _device_key(store: KeyStore) -> StoredKey:
    key = StoredKey(store, DEVICE_KEY)
    try:
        store.create(DEVICE_KEY)
    except ValueError:
        _ = key.public  # left by an enrolment cut short: it has to be readable
    return key
