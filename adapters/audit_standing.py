"""Opens the audit of a worker, and sees to what other workers have left."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from adapters.audit import WrittenAudit
from adapters.audit_chain import ChainEnd
from adapters.audit_files import Folder, chain_folders, locked, worker_folder
from adapters.audit_reader import AuditCutError
from adapters.audit_scribe import Identity, Scribe
from adapters.audit_shipping import Shipper, shipped
from adapters.postgres import FAILURES, Database, pause_s
from adapters.vss_contract import Watch
from lookup.errors import AuditUnavailableError

PRUNE_EVERY_S = 3600.0
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class AuditTerms:
    """What an operator decides about the audit."""

    folder: Path
    """Where each worker has a folder."""

    keep_days: float
    """How long a file stays after its last line."""

    degraded_s: float = 0.0
    """How long after the disk failed coverage is answered and written down later."""

    database: Database | None = None
    """Where to everything is carried; None to keep it in the files only."""


@asynccontextmanager
async def open_audit(
    terms: AuditTerms, identity: Identity, watch: Watch
) -> AsyncIterator[WrittenAudit]:
    """The audit of one worker until the block ends; its chain goes on where it was.

    Raises:
        BlockingIOError: Another process writes this worker's chain.
        OSError: The folder cannot be made, read or mended.
    """
    folder = Folder(worker_folder(terms.folder, identity.worker))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(locked(folder.path))
        scribe = Scribe(identity, _recovered(folder, watch))
        audit = WrittenAudit(folder, scribe, degraded_s=terms.degraded_s, watch=watch)
        if terms.database is not None:
            shipper = Shipper(folder, terms.database, identity.keys, watch=watch)
            await stack.enter_async_context(shipped(shipper, audit.growth, watch))
        stack.push_async_callback(audit.aclose)
        async with asyncio.TaskGroup() as group:
            tasks = [audit.tend(), _prune(audit, terms, watch)]
            tending = [group.create_task(task) for task in tasks]
            try:
                yield audit
            finally:
                for task in tending:
                    task.cancel()


async def see_to_left_over(
    terms: AuditTerms, identity: Identity, *, workers: int, watch: Watch
) -> None:
    """Carry what workers wrote that are no more; remove it once it is old."""
    taken = {worker_folder(terms.folder, worker) for worker in range(workers)}
    for folder in chain_folders(terms.folder):
        if folder.path in taken:
            continue
        if terms.database is None:
            is_carried = True
        else:
            shipper = Shipper(folder, terms.database, identity.keys, watch=watch)
            is_carried = await _carried(folder, shipper, watch)
        if is_carried:
            # What cannot be removed now can be at the next start.
            with suppress(OSError):
                folder.remove_if_older(_before_s(terms, watch))


async def _carried(folder: Folder, shipper: Shipper, watch: Watch) -> bool:
    """Carry a whole chain, however long the database is away; False if it is cut."""
    failures = 0
    while True:
        try:
            async with locked(folder.path):
                await shipper.ship()
        except AuditCutError as error:
            watch.events.audit_unshipped(error)
            return False
        except FAILURES as error:
            failures += 1
            watch.events.audit_unshipped(error)
        else:
            return True
        finally:
            await shipper.hang_up()
        await asyncio.sleep(pause_s(failures))


async def _prune(audit: WrittenAudit, terms: AuditTerms, watch: Watch) -> None:
    """Remove old files every hour; what fails is tried again in an hour."""
    while True:
        with suppress(AuditUnavailableError, OSError):
            await audit.forget(_before_s(terms, watch))
        await asyncio.sleep(PRUNE_EVERY_S)


def _before_s(terms: AuditTerms, watch: Watch) -> float:
    return watch.clock.now().timestamp() - terms.keep_days * _DAY_S


def _recovered(folder: Folder, watch: Watch) -> ChainEnd | None:
    """Where the chain goes on; one that cannot be read is put aside for a new one."""
    try:
        return folder.recover()
    except ValueError as error:
        watch.events.audit_failed(0, error)
        folder.put_aside()
        return None
