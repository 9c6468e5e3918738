"""What "Policies in full" keeps: drafts, approvals, records, switches and counted openings.

Revisions that are there were published at once by the administrator, each on the one before it.

A published migration is never edited: it says what was, whatever `tables.py` says today.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns and tables."""
    op.add_column("person", sa.Column("household", sa.Text(), nullable=True))
    op.add_column("person", sa.Column("is_protected", WHOLE, nullable=False, server_default="0"))
    op.add_column("revision", sa.Column("active_from", WHOLE, nullable=False, server_default="0"))
    op.add_column(
        "revision", sa.Column("author", sa.Text(), nullable=False, server_default="administrator")
    )
    op.add_column("revision", sa.Column("based_on", WHOLE, nullable=False, server_default="0"))
    op.add_column("revision", sa.Column("rolled_back_to", WHOLE, nullable=True))
    op.execute("UPDATE revision SET active_from = published_at, based_on = revision - 1")
    op.add_column("credential", sa.Column("limited", sa.Text(), nullable=True))
    op.create_table(
        "draft",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("draft", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("holidays", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("based_on", WHOLE, nullable=False),
        sa.Column("rolled_back_to", WHOLE, nullable=True),
        sa.Column("made_at", WHOLE, nullable=False),
        sa.Column("published_as", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "draft", name=op.f("pk_draft")),
        sqlite_strict=True,
    )
    op.create_table(
        "draft_document",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("draft", sa.Text(), nullable=False),
        sa.Column("position", WHOLE, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "draft", "position", name=op.f("pk_draft_document")),
        sqlite_strict=True,
    )
    op.create_table(
        "approval",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("draft", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("approved_at", WHOLE, nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "draft", "person", name=op.f("pk_approval")),
        sqlite_strict=True,
    )
    op.create_table(
        "register_freshness",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("fresh_until", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "kind", name=op.f("pk_register_freshness")),
        sqlite_strict=True,
    )
    op.create_table(
        "record",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("starts", WHOLE, nullable=False),
        sa.Column("ends", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "record", name=op.f("pk_record")),
        sqlite_strict=True,
    )
    op.create_table(
        "record_point",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("number", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "record", "number", name=op.f("pk_record_point")),
        sqlite_strict=True,
    )
    op.create_table(
        "record_person",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("position", WHOLE, autoincrement=False, nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "record", "position", name=op.f("pk_record_person")),
        sqlite_strict=True,
    )
    op.create_table(
        "switch",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_on", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", name=op.f("pk_switch")),
        sqlite_strict=True,
    )
    op.create_table(
        "opening",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("controller", sa.Text(), nullable=False),
        sa.Column("sequence", WHOLE, autoincrement=False, nullable=False),
        sa.Column("number", WHOLE, nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("household", sa.Text(), nullable=True),
        sa.Column("attempt", sa.LargeBinary(), nullable=False),
        sa.Column("opened_at", WHOLE, nullable=False),
        sa.Column("limited", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "controller", "sequence", name=op.f("pk_opening")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_opening_attempt", "opening", ["tenant", "controller", "attempt"], unique=False
    )
    for counted in ("number", "person", "household"):
        op.create_index(
            f"ix_opening_{counted}", "opening", ["tenant", counted, "opened_at"], unique=False
        )
