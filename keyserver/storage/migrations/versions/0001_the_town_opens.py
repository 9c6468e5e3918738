"""The first schema: everything that "The town opens" keeps.

A published migration is never edited: it says what was, whatever `tables.py` says today.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "access_point",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("number", WHOLE, autoincrement=False, nullable=False),
        sa.Column("access_point", sa.Text(), nullable=False),
        sa.Column("facility", sa.Text(), nullable=False),
        sa.Column("controller", sa.Text(), nullable=False),
        sa.Column("removed_at", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "number", name=op.f("pk_access_point")),
        sa.UniqueConstraint(
            "tenant", "access_point", name=op.f("uq_access_point_tenant_access_point")
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "bundle",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("facility", sa.Text(), nullable=False),
        sa.Column("root", WHOLE, autoincrement=False, nullable=False),
        sa.Column("counter", WHOLE, autoincrement=False, nullable=False),
        sa.Column("issued_at", WHOLE, nullable=False),
        sa.Column("expires", WHOLE, nullable=False),
        sa.Column("bundle", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "facility", "root", "counter", name=op.f("pk_bundle")),
        sqlite_strict=True,
    )
    op.create_table(
        "code",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("made_for", sa.Text(), nullable=False),
        sa.Column("made_at", WHOLE, nullable=False),
        sa.Column("expires", WHOLE, nullable=False),
        sa.Column("used_at", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "code_hash", name=op.f("pk_code")),
        sqlite_strict=True,
    )
    op.create_table(
        "controller",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("controller", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("facility", sa.Text(), nullable=False),
        sa.Column("thumbprint", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("software", sa.Text(), nullable=False),
        sa.Column("provisioned_at", WHOLE, nullable=False),
        sa.Column("retired_at", WHOLE, nullable=True),
        sa.Column("seen_at", WHOLE, nullable=True),
        sa.Column("bundle_root", WHOLE, nullable=True),
        sa.Column("bundle_counter", WHOLE, nullable=True),
        sa.Column("settings_version", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "controller", name=op.f("pk_controller")),
        sa.UniqueConstraint("tenant", "thumbprint", name=op.f("uq_controller_tenant_thumbprint")),
        sqlite_strict=True,
    )
    op.create_index("ix_controller_place", "controller", ["tenant", "place"], unique=False)
    op.create_table(
        "counter",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", name=op.f("pk_counter")),
        sqlite_strict=True,
    )
    op.create_table(
        "credential",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("cti", sa.LargeBinary(), nullable=False),
        sa.Column("presentation", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("facility", sa.Text(), nullable=False),
        sa.Column("on_the_way", WHOLE, nullable=True),
        sa.Column("status_index", WHOLE, nullable=False),
        sa.Column("epoch", WHOLE, nullable=False),
        sa.Column("revision", WHOLE, nullable=False),
        sa.Column("not_before", WHOLE, nullable=False),
        sa.Column("expires", WHOLE, nullable=False),
        sa.Column("issued_at", WHOLE, nullable=False),
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("revoked_at", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "cti", name=op.f("pk_credential")),
        sa.UniqueConstraint(
            "tenant", "presentation", name=op.f("uq_credential_tenant_presentation")
        ),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_credential_device", "credential", ["tenant", "device", "expires"], unique=False
    )
    op.create_index(
        "ix_credential_facility", "credential", ["tenant", "facility", "expires"], unique=False
    )
    op.create_index(
        "ix_credential_person", "credential", ["tenant", "person", "expires"], unique=False
    )
    op.create_table(
        "device",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("thumbprint", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("enrolled_at", WHOLE, nullable=False),
        sa.Column("revoked_at", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "device", name=op.f("pk_device")),
        sa.UniqueConstraint("tenant", "thumbprint", name=op.f("uq_device_tenant_thumbprint")),
        sqlite_strict=True,
    )
    op.create_index("ix_device_person", "device", ["tenant", "person"], unique=False)
    op.create_table(
        "door_settings",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("controller", sa.Text(), nullable=False),
        sa.Column("version", WHOLE, autoincrement=False, nullable=False),
        sa.Column("settings", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "controller", "version", name=op.f("pk_door_settings")),
        sqlite_strict=True,
    )
    op.create_table(
        "facility",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("facility", sa.Text(), nullable=False),
        sa.Column("epoch", WHOLE, nullable=False),
        sa.Column("readers_since", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "facility", name=op.f("pk_facility")),
        sqlite_strict=True,
    )
    op.create_table(
        "fact",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("position", WHOLE, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("starts", WHOLE, nullable=True),
        sa.Column("ends", WHOLE, nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "person", "position", name=op.f("pk_fact")),
        sqlite_strict=True,
    )
    op.create_table(
        "held_index",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("facility", sa.Text(), nullable=False),
        sa.Column("status_index", WHOLE, autoincrement=False, nullable=False),
        sa.Column("held_until", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "facility", "status_index", name=op.f("pk_held_index")),
        sqlite_strict=True,
    )
    op.create_table(
        "idempotent_answer",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("until", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "caller", "key", name=op.f("pk_idempotent_answer")),
        sqlite_strict=True,
    )
    op.create_index("ix_idempotent_answer_until", "idempotent_answer", ["until"], unique=False)
    op.create_table(
        "issuer_key",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("kid", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("not_before", WHOLE, nullable=False),
        sa.Column("not_after", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "role", "kid", name=op.f("pk_issuer_key")),
        sqlite_strict=True,
    )
    op.create_table(
        "journal_entry",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("controller", sa.Text(), nullable=False),
        sa.Column("sequence", WHOLE, autoincrement=False, nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "controller", "sequence", name=op.f("pk_journal_entry")),
        sqlite_strict=True,
    )
    op.create_table(
        "journal_fork",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("controller", sa.Text(), nullable=False),
        sa.Column("sequence", WHOLE, autoincrement=False, nullable=False),
        sa.Column("payload_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", WHOLE, nullable=False),
        sa.Column("batch", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant", "controller", "sequence", "payload_sha256", name=op.f("pk_journal_fork")
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "person",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("born", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "person", name=op.f("pk_person")),
        sqlite_strict=True,
    )
    op.create_table(
        "policy_document",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("revision", WHOLE, autoincrement=False, nullable=False),
        sa.Column("position", WHOLE, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "revision", "position", name=op.f("pk_policy_document")),
        sqlite_strict=True,
    )
    op.create_table(
        "reader",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("reader_id", sa.LargeBinary(), nullable=False),
        sa.Column("controller", sa.Text(), nullable=False),
        sa.Column("number", WHOLE, nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "reader_id", name=op.f("pk_reader")),
        sqlite_strict=True,
    )
    op.create_index("ix_reader_controller", "reader", ["tenant", "controller"], unique=False)
    op.create_index("ix_reader_reader_id", "reader", ["reader_id"], unique=True)
    op.create_table(
        "reader_certificate",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("cti", sa.LargeBinary(), nullable=False),
        sa.Column("reader_id", sa.LargeBinary(), nullable=False),
        sa.Column("facility", sa.Text(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at", WHOLE, nullable=False),
        sa.Column("expires", WHOLE, nullable=False),
        sa.Column("announced_root", WHOLE, nullable=False),
        sa.Column("announced_counter", WHOLE, nullable=False),
        sa.Column("revoked_at", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "cti", name=op.f("pk_reader_certificate")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_reader_certificate_facility",
        "reader_certificate",
        ["tenant", "facility", "expires"],
        unique=False,
    )
    op.create_table(
        "register_file",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("imported_at", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "kind", name=op.f("pk_register_file")),
        sqlite_strict=True,
    )
    op.create_table(
        "revision",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("revision", WHOLE, autoincrement=False, nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("holidays", sa.Text(), nullable=False),
        sa.Column("published_at", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "revision", name=op.f("pk_revision")),
        sqlite_strict=True,
    )
    op.create_table(
        "revocation",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("revocation", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_at", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "revocation", name=op.f("pk_revocation")),
        sqlite_strict=True,
    )
    op.create_table(
        "root_document",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("version", WHOLE, autoincrement=False, nullable=False),
        sa.Column("issued_at", WHOLE, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "version", name=op.f("pk_root_document")),
        sqlite_strict=True,
    )
    op.create_table(
        "secret",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", name=op.f("pk_secret")),
        sqlite_strict=True,
    )
    op.create_table(
        "tenant",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("founded_at", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_tenant")),
        sqlite_strict=True,
    )
    op.create_table(
        "used_identifier",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("thumbprint", sa.Text(), nullable=False),
        sa.Column("identifier_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("until", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant", "use", "thumbprint", "identifier_sha256", name=op.f("pk_used_identifier")
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_used_identifier_until", "used_identifier", ["until"], unique=False)
