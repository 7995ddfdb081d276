"""How a revision is applied: the SQL beside its module, and never backwards."""

from pathlib import Path
from typing import NoReturn

from alembic import op
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_connection


def execute_beside(module: str) -> None:
    """Execute the SQL file that stands beside a revision's module."""
    adapted = op.get_bind().connection.dbapi_connection
    assert isinstance(adapted, AsyncAdapt_asyncpg_connection)
    sql = Path(module).with_suffix(".sql").read_text(encoding="utf-8")
    # SQLAlchemy prepares what it executes, which allows only one statement at a time.
    adapted.run_async(lambda driver: driver.execute(sql))


def refuse() -> NoReturn:
    """Refuse: the way back is a restored backup.

    Raises:
        NotImplementedError: Always.
    """
    raise NotImplementedError("migrations only go forward")
