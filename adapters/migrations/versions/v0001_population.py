"""Revision 0001: the population, its outbox, clients, audit log and worklist."""

from pathlib import Path
from typing import NoReturn

from alembic import op
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_connection

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Execute the SQL beside this module."""
    adapted = op.get_bind().connection.dbapi_connection
    assert isinstance(adapted, AsyncAdapt_asyncpg_connection)
    sql = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    # SQLAlchemy prepares what it executes, which allows only one statement at a time.
    adapted.run_async(lambda driver: driver.execute(sql))


def downgrade() -> NoReturn:
    """Refuse: the way back is a restored backup.

    Raises:
        NotImplementedError: Always.
    """
    raise NotImplementedError("migrations only go forward")
