"""The peers' way to PostgreSQL: SQLAlchemy over asyncpg, one pool for a process."""

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

POOL_MAX = 20
"""Connections of a process: more than two cores can keep busy."""


def open_engine(database_url: str) -> AsyncEngine:
    """An engine over the population; its owner disposes of it.

    Args:
        database_url: As asyncpg reads it, with ``?host=`` for a unix socket.
    """
    return create_async_engine(
        "postgresql+asyncpg://",
        # asyncpg reads the URL itself, as everywhere else.
        async_creator=lambda: asyncpg.connect(
            database_url,
            server_settings={"application_name": "tracuu-peer", "jit": "off"},
        ),
        # A failed statement must not print a number into the log.
        hide_parameters=True,
        pool_size=POOL_MAX,
        max_overflow=0,
        pool_use_lifo=True,
    )
