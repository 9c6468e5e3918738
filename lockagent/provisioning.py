"""Installing a controller: keys made here, a code from the operator, answers from the server.

`POST /v1/controllers` (interfaces.md 3) with a DPoP proof by the new agent key. Rules kept here:
- private keys are made here where they are missing, and never leave;
- the same code may be sent again when an answer was lost: the idempotency key is made of the code
  and the agent key, so the server answers the same;
- what comes back is checked before it is kept: the root satisfies its own threshold in our realm,
  each certificate names our key, our access point and the reader's id.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from lockagent.config import DoorConfig
from lockagent.installation import (
    Installation,
    InstalledReader,
    installation_from,
    read_or_make_key,
    write_installation,
)
from lockagent.protocol.envelope import Realm
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.keys import SigningKey, VerifyingKey, base64url
from lockagent.protocol.reader_certificate import parse_reader_certificate
from lockagent.protocol.trust import TrustState
from lockagent.protocol.trust_errors import TrustRefused
from lockagent.server_link import ServerLink
from policies.vocabulary import AccessPointId

PATH = "/v1/controllers"


class AnswerRefused(Exception):
    """The server's answer does not fit what was asked; nothing was kept."""


def make_keys(config: DoorConfig) -> tuple[SigningKey, Mapping[AccessPointId, VerifyingKey]]:
    """The agent key, and each reader's public key; made where missing. NotInstalled, OSError."""
    readers = {
        reader.access_point: read_or_make_key(reader.key).public for reader in config.readers
    }
    return read_or_make_key(config.agent_key), readers


async def provision(
    config: DoorConfig,
    link: ServerLink,
    agent_key: VerifyingKey,
    reader_keys: Mapping[AccessPointId, VerifyingKey],
    code: str,
    software: str,
) -> Installation:
    """Redeem the code and keep what it gives; ServerRefused, ServerUnavailable, AnswerRefused."""
    asked = {
        "code": code,
        "software": software,
        "readers": [
            {"access_point": access_point, "public_key": key.jwk()}
            for access_point, key in reader_keys.items()
        ],
    }
    once = hashlib.sha256(f"{code} {agent_key.thumbprint()}".encode()).digest()[:16]
    answer = await link.call(
        "POST",
        PATH,
        headers={"Content-Type": "application/json", "Idempotency-Key": base64url(once)},
        body=json.dumps(asked).encode(),
        with_token=False,
    )
    try:
        installation = installation_from(answer.json())
        _check(config, installation, reader_keys)
    except (ValueError, MalformedMessage, TrustRefused) as error:
        raise AnswerRefused(f"the server's answer is not kept: {error}") from error
    _make_state_directory(config.state_directory)
    write_installation(config.state_directory, installation)
    return installation


def _make_state_directory(path: Path) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def _check(
    config: DoorConfig,
    installation: Installation,
    reader_keys: Mapping[AccessPointId, VerifyingKey],
) -> None:
    if installation.issuer != config.issuer:
        raise ValueError(f"expected the issuer {config.issuer}, got {installation.issuer}")
    if sorted(reader.access_point for reader in installation.readers) != sorted(reader_keys):
        raise ValueError("expected the readers that were asked for, got others")
    realm = Realm(config.environment, config.tenant)
    TrustState.begin(realm, installation.facility, installation.root)
    for reader in installation.readers:
        _check_certificate(installation, reader, reader_keys[reader.access_point])


def _check_certificate(
    installation: Installation, reader: InstalledReader, key: VerifyingKey
) -> None:
    certificate = parse_reader_certificate(reader.certificate).claims
    if certificate.reader_key != key:
        raise ValueError(f"expected a certificate of our key for {reader.access_point}")
    if certificate.reader_id != reader.reader_id or reader.number not in certificate.points:
        raise ValueError(f"expected a certificate for {reader.access_point}, got another's")
    if certificate.facility != installation.facility:
        raise ValueError(
            f"expected a certificate of {installation.facility}, got {certificate.facility}"
        )
