"""No index by a case's last change: nobody asks by it, and PostgreSQL can then change the row in place."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_process_instance_changed_at", table_name="process_instance")


def downgrade() -> None:
    op.create_index("ix_process_instance_changed_at", "process_instance", ["changed_at"])
