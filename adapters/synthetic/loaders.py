"""Several processes that load chunks side by side, and end with the one that began."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import wait

import asyncpg

from adapters.synthetic.errors import SeedingError
from adapters.synthetic.loading import load_chunk
from adapters.synthetic.recipe import Recipe


async def load_chunks(
    database_url: str,
    recipe: Recipe,
    chunks: Iterable[int],
    *,
    processes: int,
    on_loaded: Callable[[int], None],
) -> None:
    """Load chunks in any order.

    When it is cancelled or a chunk fails, the chunks in hand are still finished and
    no other is begun.

    Args:
        database_url: Where to load.
        recipe: What is loaded.
        chunks: Which of its chunks.
        processes: How many at once.
        on_loaded: Told after each chunk how many people it held.

    Raises:
        SeedingError: A chunk could not be loaded.
    """
    pool = ProcessPoolExecutor(
        processes, multiprocessing.get_context("spawn"), initializer=_begin
    )
    loop = asyncio.get_running_loop()
    with _ctrl_c_ignored():
        loads = [
            loop.run_in_executor(pool, _load, database_url, recipe, chunk)
            for chunk in chunks
        ]
    try:
        for load in asyncio.as_completed(loads):
            on_loaded(await load)
    except BrokenExecutor as exc:
        raise SeedingError("a loading process was ended from outside") from exc
    finally:
        pool.shutdown(cancel_futures=True)
        await asyncio.gather(*loads, return_exceptions=True)


@contextmanager
def translated() -> Iterator[None]:
    """Turn what asyncpg raises into our own error, which knows no values.

    Raises:
        SeedingError: The database refused, failed or could not be reached.
    """
    try:
        yield
    except asyncpg.UndefinedTableError:
        raise SeedingError("tables are missing: run tracuu migrate first") from None
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as exc:
        raise SeedingError(f"the database failed: {type(exc).__name__}") from None


def _load(database_url: str, recipe: Recipe, chunk: int) -> int:
    with translated():
        return asyncio.run(load_chunk(database_url, recipe, chunk))


@contextmanager
def _ctrl_c_ignored() -> Iterator[None]:
    """Begin processes inside the block that never hear Ctrl-C, not even at first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heard)


def _begin() -> None:
    """End when the process that began is gone; Ctrl-C is left to it."""
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
