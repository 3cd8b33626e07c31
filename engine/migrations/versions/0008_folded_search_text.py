"""Cases are found by texts without spaces and in one width: those that are there, too."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_case = sa.table("process_instance", sa.column("id", sa.Integer), sa.column("search_text", sa.Text))
_AT_ONCE = 1000


def upgrade() -> None:
    connection, after = op.get_bind(), 0
    while rows := connection.execute(
        sa.select(_case).where(_case.c.id > after).order_by(_case.c.id).limit(_AT_ONCE)
    ).all():
        after = rows[-1].id
        changed = [
            {"of_id": row.id, "text": text}
            for row in rows
            if (text := _folded(row.search_text)) != row.search_text
        ]
        if changed:
            connection.execute(
                sa.update(_case)
                .where(_case.c.id == sa.bindparam("of_id"))
                .values(search_text=sa.bindparam("text")),
                changed,
            )


def _folded(text: str) -> str:
    """Return the lines of a text as the program folded them when this was written."""
    parts = (unicodedata.normalize("NFKC", line) for line in text.split("\n"))
    return "\n".join("".join(part.lower().split()) for part in parts)


def downgrade() -> None:
    """Nothing to take back: the folded texts are found by the same words."""
