"""How a line of the ledger was paid."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ledger_entry", sa.Column("method", sa.String(length=64), nullable=True))


def downgrade() -> None:
    op.drop_column("ledger_entry", "method")
