"""The tables, as SQLAlchemy Core sees them; the migrations make them.

Rules kept here:
- `tenant` comes first in every key, so that no query reaches another municipality by accident;
- instants are whole seconds since 1970 (`policies.vocabulary.Instant`), UTC;
- codes are kept as hashes; keys of others are public keys, as CBOR; what was signed is kept as the
  bytes that left the house.

A test compares these with what the migrations make.
"""

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

_Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=nullable)


def _key(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), primary_key=True)


def _number_key(name: str) -> "sa.Column[int]":
    return sa.Column(name, _Whole, primary_key=True, autoincrement=False)


def _number(name: str, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, _Whole, nullable=nullable)


def _bytes(name: str) -> "sa.Column[bytes]":
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _bytes_key(name: str) -> "sa.Column[bytes]":
    return sa.Column(name, sa.LargeBinary(), primary_key=True)


def _table(name: str, *items: "sa.Column[str] | sa.Column[int] | sa.Column[bytes]") -> sa.Table:
    return sa.Table(name, metadata, _key("tenant"), *items, sqlite_strict=True)


tenant = _table("tenant", _text("name"), _text("environment"), _number("founded_at"))
secret = _table("secret", _key("name"), _bytes("value"))
counter = _table("counter", _key("name"), _number("value"))

root_document = _table(
    "root_document", _number_key("version"), _number("issued_at"), _bytes("document")
)
issuer_key = _table(
    "issuer_key",
    _key("role"),
    _bytes_key("kid"),
    _bytes("public_key"),
    _number("not_before"),
    _number("not_after"),
)

register_file = _table("register_file", _key("kind"), _text("content"), _number("imported_at"))
facility = _table("facility", _key("facility"), _number("epoch"), _number("readers_since"))
access_point = _table(
    "access_point",
    _number_key("number"),
    _text("access_point"),
    _text("facility"),
    _text("controller"),
    _number("removed_at", nullable=True),
)
person = _table(
    "person",
    _key("person"),
    _text("born", nullable=True),
    _text("household", nullable=True),
    _number("is_protected"),
)
register_freshness = _table("register_freshness", _key("kind"), _number("fresh_until"))
fact = _table(
    "fact",
    _key("person"),
    _number_key("position"),
    _text("kind"),
    _text("value"),
    _number("starts", nullable=True),
    _number("ends", nullable=True),
    _text("source"),
)
revision = _table(
    "revision",
    _number_key("revision"),
    _bytes("sha256"),
    _text("holidays"),
    _number("published_at"),
    _number("active_from"),
    _text("author"),
    _number("based_on"),
    _number("rolled_back_to", nullable=True),
)
policy_document = _table(
    "policy_document",
    _number_key("revision"),
    _number_key("position"),
    _text("name"),
    _text("content"),
)
draft = _table(
    "draft",
    _key("draft"),
    _bytes("sha256"),
    _text("holidays"),
    _text("author"),
    _number("based_on"),
    _number("rolled_back_to", nullable=True),
    _number("made_at"),
    _number("published_as", nullable=True),
)
draft_document = _table(
    "draft_document", _key("draft"), _number_key("position"), _text("name"), _text("content")
)
approval = _table(
    "approval", _key("draft"), _key("person"), _number("approved_at"), _text("effect")
)

record = _table(
    "record", _key("record"), _text("kind"), _text("name"), _number("starts"), _number("ends")
)
record_point = _table("record_point", _key("record"), _number_key("number"))
record_person = _table(
    "record_person", _key("record"), _number_key("position"), _text("person"), _text("role")
)
switch = _table("switch", _key("name"), _number("is_on"))

code = _table(
    "code",
    _bytes_key("code_hash"),
    _text("purpose"),
    _text("made_for"),
    _number("made_at"),
    _number("expires"),
    _number("used_at", nullable=True),
)
device = _table(
    "device",
    _key("device"),
    _text("person"),
    _text("thumbprint"),
    _bytes("public_key"),
    _text("name"),
    _text("platform"),
    _number("enrolled_at"),
    _number("revoked_at", nullable=True),
)
controller = _table(
    "controller",
    _key("controller"),
    _text("place"),
    _text("facility"),
    _text("thumbprint"),
    _bytes("public_key"),
    _text("software"),
    _number("provisioned_at"),
    _number("retired_at", nullable=True),
    _number("seen_at", nullable=True),
    _number("bundle_root", nullable=True),
    _number("bundle_counter", nullable=True),
    _number("settings_version", nullable=True),
)
reader = _table(
    "reader",
    _bytes_key("reader_id"),
    _text("controller"),
    _number("number"),
    _bytes("public_key"),
)
reader_certificate = _table(
    "reader_certificate",
    _bytes_key("cti"),
    _bytes("reader_id"),
    _text("facility"),
    _bytes("certificate"),
    _number("issued_at"),
    _number("expires"),
    _number("announced_root"),
    _number("announced_counter"),
    _number("revoked_at", nullable=True),
)
bundle = _table(
    "bundle",
    _key("facility"),
    _number_key("root"),
    _number_key("counter"),
    _number("issued_at"),
    _number("expires"),
    _bytes("bundle"),
)
door_settings = _table(
    "door_settings",
    _key("controller"),
    _number_key("version"),
    _bytes("settings"),
)
credential = _table(
    "credential",
    _bytes_key("cti"),
    _text("presentation"),
    _text("device"),
    _text("person"),
    _text("facility"),
    _number("on_the_way", nullable=True),
    _number("status_index"),
    _number("epoch"),
    _number("revision"),
    _number("not_before"),
    _number("expires"),
    _number("issued_at"),
    _bytes("credential"),
    _number("revoked_at", nullable=True),
    _text("limited", nullable=True),
)
held_index = _table(
    "held_index", _key("facility"), _number_key("status_index"), _number("held_until")
)
revocation = _table(
    "revocation",
    _key("revocation"),
    _text("kind"),
    _text("target"),
    _text("reason"),
    _number("made_at"),
)
journal_entry = _table(
    "journal_entry",
    _key("controller"),
    _number_key("sequence"),
    _bytes("entry"),
    _bytes("hash"),
    _number("received_at"),
)
journal_fork = _table(
    "journal_fork",
    _key("controller"),
    _number_key("sequence"),
    _bytes_key("payload_sha256"),
    _number("received_at"),
    _bytes("batch"),
)
opening = _table(
    "opening",
    _key("controller"),
    _number_key("sequence"),
    _number("number"),
    _text("person"),
    _text("household", nullable=True),
    _bytes("attempt"),
    _number("opened_at"),
    _text("limited", nullable=True),
)
used_identifier = _table(
    "used_identifier",
    _key("use"),
    _key("thumbprint"),
    _bytes_key("identifier_sha256"),
    _number("until"),
)
idempotent_answer = _table(
    "idempotent_answer",
    _key("caller"),
    _key("key"),
    _bytes("body_sha256"),
    _text("answer"),
    _number("until"),
)

sa.UniqueConstraint(access_point.c.tenant, access_point.c.access_point)
sa.UniqueConstraint(device.c.tenant, device.c.thumbprint)
sa.UniqueConstraint(controller.c.tenant, controller.c.thumbprint)
sa.UniqueConstraint(credential.c.tenant, credential.c.presentation)
sa.Index("ix_reader_reader_id", reader.c.reader_id, unique=True)
sa.Index("ix_device_person", device.c.tenant, device.c.person)
sa.Index("ix_controller_place", controller.c.tenant, controller.c.place)
sa.Index("ix_reader_controller", reader.c.tenant, reader.c.controller)
sa.Index(
    "ix_reader_certificate_facility",
    reader_certificate.c.tenant,
    reader_certificate.c.facility,
    reader_certificate.c.expires,
)
sa.Index("ix_credential_facility", credential.c.tenant, credential.c.facility, credential.c.expires)
sa.Index("ix_credential_device", credential.c.tenant, credential.c.device, credential.c.expires)
sa.Index("ix_credential_person", credential.c.tenant, credential.c.person, credential.c.expires)
sa.Index("ix_opening_attempt", opening.c.tenant, opening.c.controller, opening.c.attempt)
for _counted in (opening.c.number, opening.c.person, opening.c.household):
    sa.Index(f"ix_opening_{_counted.name}", opening.c.tenant, _counted, opening.c.opened_at)
sa.Index("ix_used_identifier_until", used_identifier.c.until)
sa.Index("ix_idempotent_answer_until", idempotent_answer.c.until)
