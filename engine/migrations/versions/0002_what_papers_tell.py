"""What the code of a paper tells to whoever scans it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("paper", sa.Column("facts", sa.Text(), nullable=True))
    op.create_index(op.f("ix_paper_record_id"), "paper", ["record_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_paper_record_id"), table_name="paper")
    op.drop_column("paper", "facts")
