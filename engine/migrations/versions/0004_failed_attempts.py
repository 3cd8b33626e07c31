"""Attempts to guess passwords and codes, counted for all web processes."""

import sqlalchemy as sa
from alembic import op

from engine.tables import Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "failed_attempts",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_failed_attempts")),
    )
    op.create_index(op.f("ix_failed_attempts_ends_at"), "failed_attempts", ["ends_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_failed_attempts_ends_at"), table_name="failed_attempts")
    op.drop_table("failed_attempts")
