from __future__ import annotations

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError

from engine import tables
from engine.database import Database


def test_what_is_written_while_only_looking_is_not_kept(database: Database) -> None:
    series = insert(tables.case_number).values(series="LOOKING", last=1)

    if database.is_sqlite:
        with database.reading() as uow:
            uow.execute(series)
    else:
        with pytest.raises(DBAPIError, match="read-only"), database.reading() as uow:
            uow.execute(series)

    with database.unit_of_work() as uow:
        kept = select(func.count()).where(tables.case_number.c.series == "LOOKING")
        assert uow.execute(kept).scalar_one() == 0
        uow.execute(series)  # whoever has the connection next may write


@pytest.mark.postgres
def test_looking_leaves_prepared_statements_as_they_are(postgres_tables: str) -> None:
    database = Database(postgres_tables)
    asked = select(tables.case_number.c.last).where(tables.case_number.c.series == "TS-20261122")
    for _ in range(10):
        with database.reading() as uow:
            uow.execute(asked).all()

    with database.reading() as uow:
        prepared = uow.execute(text("SELECT count(*) FROM pg_prepared_statements")).scalar_one()
    database.close()

    assert prepared > 0
