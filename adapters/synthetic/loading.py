"""Loads one chunk of people: made in this process, copied in one transaction."""

import io
from collections import defaultdict

import asyncpg

from adapters.synthetic import journal
from adapters.synthetic.people import SyntheticPopulation
from adapters.synthetic.recipe import Recipe
from adapters.synthetic.rows import COLUMNS


async def load_chunk(database_url: str, recipe: Recipe, chunk: int) -> int:
    """Put the people of a chunk into the tables, all or none.

    Triggers do not fire: a population is loaded before anyone asks about it, and a
    change note for each row would double the work.

    Returns:
        How many people it was.
    """
    contents = copy_contents(recipe, chunk)
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL synchronous_commit = off")
            is_quiet = await _silence_session(connection)
            if not is_quiet:
                await _switch_triggers(connection, "DISABLE")
            for table, columns in COLUMNS.items():
                source = io.BytesIO(contents[table])
                await connection.copy_to_table(table, source=source, columns=columns)
            await journal.note_chunk(connection, chunk)
            if not is_quiet:
                await _switch_triggers(connection, "ENABLE")
    finally:
        await connection.close()
    return len(recipe.members(chunk))


def copy_contents(recipe: Recipe, chunk: int) -> dict[str, bytes]:
    """The rows of a chunk in the text form of COPY, by table."""
    population = SyntheticPopulation(recipe)
    lines: defaultdict[str, list[str]] = defaultdict(list)
    for n in recipe.members(chunk):
        for table, rows in population.citizen(n).rows.items():
            lines[table].extend(["\t".join(row) for row in rows])
    return {table: _text(lines[table]) for table in COLUMNS}


def _text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


async def _silence_session(connection: asyncpg.Connection) -> bool:
    """Keep triggers from firing in this transaction, if the role may."""
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")
    except asyncpg.InsufficientPrivilegeError:
        return False
    return True


async def _switch_triggers(connection: asyncpg.Connection, switch: str) -> None:
    """Turn the triggers of the tables off or on, as their owner may.

    It holds until the end of the transaction, and so does the lock that makes other
    loaders wait their turn.
    """
    for table in COLUMNS:
        await connection.execute(f"ALTER TABLE {table} {switch} TRIGGER USER")
