"""Titles of cases in English, where their process has one."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "process_instance", sa.Column("title_en", sa.String(length=300), server_default="", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("process_instance", "title_en")
