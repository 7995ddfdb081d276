"""Finds lookups in the audit, in the database or, where there is none, in the files."""

from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from adapters.audit_chain import event_in, is_checkpoint, read_checkpoint
from adapters.audit_files import chain_folders
from adapters.audit_keys import NumberSeal, UnsealedError, open_as_officer
from adapters.audit_verify import Known
from adapters.postgres import RawConnection

Event = dict[str, Any]
"""A lookup as it stands in a file, with the name of its chain."""

_FIND = """
SELECT chain, n, at, request_id, client_id, channel, facility, operator, purpose,
    facets, coalesce(released, CASE WHEN disclosed THEN facets ELSE '{}' END)
        AS released,
    asked_kind, encode(asked_hash, 'hex') AS asked_hash,
    encode(citizen_hash, 'hex') AS citizen_hash, number_sealed, code, outcome, source,
    age_s, disclosed
FROM audit_log
WHERE ($1::bytea[] IS NULL OR citizen_hash = ANY ($1) OR citizen_id = $2)
    AND ($3::text IS NULL OR client_id = $3)
    AND ($4::timestamptz IS NULL OR at >= $4)
ORDER BY at, audit_id
"""

_FIRST_LINES = """
SELECT event FROM audit_checkpoints WHERE event LIKE '%,"segment":%'
"""

_KNOWN = """
SELECT chain, count, head FROM audit_checkpoints WHERE count > 0
UNION ALL SELECT chain, count, head FROM audit_chains
"""


@dataclass(frozen=True, slots=True, repr=False)
class Wanted:
    """Which lookups are wanted; None where it does not matter."""

    citizen_hashes: Collection[str] | None = None
    """Of one citizen, by every secret that may have been in use."""

    citizen_id: str | None = None
    """The same citizen in clear, for entries from before there were hashes."""

    client_id: str | None = None
    since: datetime | None = None

    def fits(self, event: Event) -> bool:
        """Whether a lookup is among them."""
        hashes = self.citizen_hashes
        return (
            (hashes is None or event["citizen_hash"] in hashes)
            and self.client_id in (None, event["client_id"])
            and (self.since is None or event["at"] >= self.since)
        )


class OfficerView:
    """Reads sealed numbers with the officer's private key."""

    def __init__(self, private_key: str, first_lines: Iterable[bytes]) -> None:
        self._private_key = private_key
        self._seals: dict[str, list[tuple[int, str]]] = {}
        for checkpoint, segment in map(read_checkpoint, first_lines):
            if segment is not None and segment.number_key:
                keys = self._seals.setdefault(checkpoint.chain, [])
                keys.append((checkpoint.count, segment.number_key))

    def numbers(self, event: Event) -> tuple[str, str] | None:
        """The number that was asked for, and the living number or an empty text.

        None when nothing was sealed, or not for this officer.
        """
        chain, place = event["chain"], event["n"]
        before = [each for each in self._seals.get(chain, ()) if each[0] < place]
        if not before or not event.get("number_sealed"):
            return None
        try:
            key = open_as_officer(self._private_key, max(before)[1])
            told = NumberSeal(key, chain).open(place, event["number_sealed"])
        except UnsealedError:
            return None
        _, asked, living = told.split("|")
        return asked, living


async def find(connection: RawConnection, wanted: Wanted) -> AsyncIterator[Event]:
    """The wanted lookups in the database, oldest first."""
    hashes = wanted.citizen_hashes
    stored = None if hashes is None else [bytes.fromhex(each) for each in hashes]
    arguments = (stored, wanted.citizen_id, wanted.client_id, wanted.since)
    async with connection.transaction(readonly=True):
        async for row in connection.cursor(_FIND, *arguments):
            yield dict(row)


def find_in_files(audit_dir: Path, wanted: Wanted) -> Iterator[Event]:
    """The wanted lookups in the files, oldest first in each chain."""
    for folder in chain_folders(audit_dir):
        for file in folder.files():
            chain = file.chain
            for told in _readable(file.lines()):
                told |= {"chain": chain, "at": datetime.fromisoformat(told["at"])}
                if wanted.fits(told):
                    yield told


async def first_lines(connection: RawConnection) -> list[bytes]:
    """Of every file that was carried, what its lines need to be read."""
    return [row["event"].encode() for row in await connection.fetch(_FIRST_LINES)]


def first_lines_in_files(audit_dir: Path) -> list[bytes]:
    """The same of every file that is here."""
    return [
        event_in(file.first_line())
        for folder in chain_folders(audit_dir)
        for file in folder.files()
    ]


async def known_of(connection: RawConnection) -> dict[str, Known]:
    """What the database has seen of each chain."""
    known: dict[str, Known] = {}
    for row in await connection.fetch(_KNOWN):
        known.setdefault(row["chain"], {})[row["count"]] = row["head"]
    return known


def _readable(lines: Iterable[bytes]) -> Iterator[Event]:
    """The lookups among lines; what is damaged is for ``audit_verify`` to tell."""
    for event in map(event_in, lines):
        if not is_checkpoint(event):
            with suppress(orjson.JSONDecodeError):
                yield orjson.loads(event)
