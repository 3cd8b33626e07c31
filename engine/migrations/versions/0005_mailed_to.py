"""To whom a message was mailed, when not everybody could be reached."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notification", sa.Column("mailed_to", sa.Text(), server_default="[]", nullable=False))


def downgrade() -> None:
    op.drop_column("notification", "mailed_to")
