"""``tracuu lookup --file``: asks for every row of a CSV, and gives the answers as rows.

Made for what Excel saves in Việt Nam: UTF-8 with or without its mark, ``;`` or ``,``.
"""

import asyncio
import csv
import io
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table

from lookup.ask import AskError, Desk, asking
from lookup.bar import bar_of
from lookup.desk import COLOURS

COLUMNS = ("citizen_id", "card_number", "qr", "full_name", "birth_date", "on")
"""What a column may be: fields of a lookup. One of the first three must be there."""

CHUNK = 500
"""Rows in one request."""

ADDED = (
    "code",
    "outcome",
    "text_vi",
    "next_step_vi",
    "card",
    "valid_from",
    "valid_to",
    "in_force",
    "request_id",
)
"""Columns after those of the file; ``card`` is the number of the card found."""

_SHOWN = ("card", "valid_to", "code", "text_vi")

Cells = dict[str, str]


@dataclass(frozen=True, slots=True, repr=False)
class Sheet:
    """A CSV as it was read."""

    columns: tuple[str, ...]
    delimiter: str
    rows: list[Cells]


def run(desk: Desk, file: Path, output: Path | None) -> bool:
    """Ask for every row; print a table on a terminal, else CSV, or write ``output``.

    Returns:
        Whether every row was answered.

    Raises:
        AskError: The file is not as it should be, or the service could not be
            reached; rows answered until then are written all the same.
    """
    sheet = read_sheet(file)
    if output is not None:
        _claim(output)
    lines: dict[int, Any] = {}
    fault = None
    try:
        with bar_of("Asking", len(sheet.rows)) as moved_to:
            asyncio.run(_ask_all(desk, sheet.rows, _noting(lines, moved_to)))
    except AskError as error:
        fault = error
    if lines:
        _give(sheet, [lines.get(n, {}) for n in range(len(sheet.rows))], output)
    if fault is not None:
        raise fault
    return all("answer" in line for line in lines.values())


def read_sheet(file: Path) -> Sheet:
    """Read a CSV.

    Raises:
        AskError: It is no CSV in UTF-8, a column is unknown or missing, or a line
            has more cells than there are columns.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise AskError(f"{file.name}: save it as CSV UTF-8") from None
    head = text.partition("\n")[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    columns = tuple(name.strip() for name in next(lines, []))
    _check_columns(file, columns)
    return Sheet(columns, delimiter, list(_rows(file, columns, lines)))


def _check_columns(file: Path, columns: tuple[str, ...]) -> None:
    known = ", ".join(COLUMNS)
    for name in columns:
        if name not in COLUMNS:
            raise AskError(f"{file.name}: column {name!r} is none of {known}")
        if columns.count(name) > 1:
            raise AskError(f"{file.name}: column {name!r} is there twice")
    if not set(columns) & set(COLUMNS[:3]):
        missing = " or ".join(COLUMNS[:3])
        raise AskError(f"{file.name}: a column {missing} is missing")


def _rows(
    file: Path, columns: tuple[str, ...], lines: Iterable[list[str]]
) -> Iterator[Cells]:
    """Every line that is not empty, by column."""
    for number, line in enumerate(lines, start=2):
        cells = [cell.strip() for cell in line]
        if any(cells[len(columns) :]):
            raise AskError(f"{file.name}: row {number} has more cells than columns")
        if any(cells):
            yield dict.fromkeys(columns, "") | dict(zip(columns, cells, strict=False))


def _claim(output: Path) -> None:
    """Make the file before anything is asked, for its owner only: it holds people."""
    try:
        output.touch(mode=0o600)
    except OSError as error:
        raise AskError(f"{output}: {error.strerror}") from error


def _noting(
    lines: dict[int, Any], moved_to: Callable[[int], None]
) -> Callable[[int, Any], None]:
    def note(place: int, line: Any) -> None:
        lines[place] = line
        moved_to(len(lines))

    return note


async def _ask_all(
    desk: Desk, rows: list[Cells], note: Callable[[int, Any], None]
) -> None:
    bodies = [{name: text for name, text in row.items() if text} for row in rows]
    async with asking(desk) as connection:
        for first in range(0, len(bodies), CHUNK):
            async for line in connection.ask_batch(bodies[first : first + CHUNK]):
                note(first + line["index"], line)


def _give(sheet: Sheet, lines: list[Any], output: Path | None) -> None:
    console = Console()
    if output is not None:
        with output.open("w", encoding="utf-8-sig", newline="") as out:
            _write(sheet, lines, out)
    elif console.is_terminal:
        console.print(_table(sheet, lines))
    else:
        _write(sheet, lines, sys.stdout)


def _write(sheet: Sheet, lines: list[Any], out: TextIO) -> None:
    writer = csv.DictWriter(
        out, (*sheet.columns, *ADDED), delimiter=sheet.delimiter, lineterminator="\n"
    )
    writer.writeheader()
    for row, line in zip(sheet.rows, lines, strict=True):
        writer.writerow(row | cells_of(line))


def _table(sheet: Sheet, lines: list[Any]) -> Table:
    table = Table(*sheet.columns, *_SHOWN)
    for row, line in zip(sheet.rows, lines, strict=True):
        cells = cells_of(line)
        verdict = line["answer"]["result"]["verdict"] if "answer" in line else "red"
        shown = [cells[name] for name in _SHOWN]
        table.add_row(*row.values(), *shown, style=COLOURS[verdict])
    return table


def cells_of(line: Any) -> Cells:
    """The added columns of one line of a batch; empty for a row without a line."""
    if "answer" in line:
        return _answered(line["answer"])
    if "problem" in line:
        return _refused(line["problem"])
    return dict.fromkeys(ADDED, "")


def _answered(answer: Any) -> Cells:
    result, coverage = answer["result"], answer["coverage"]
    card = (coverage or {}).get("card") or {}
    return {
        "code": result["code"],
        "outcome": result["outcome"],
        "text_vi": result["text"]["vi"],
        "next_step_vi": result["next_step"]["vi"],
        "card": card.get("card_number") or "",
        "valid_from": card.get("valid_from") or "",
        "valid_to": card.get("valid_to") or "",
        "in_force": str(coverage["in_force"]).lower() if coverage else "",
        "request_id": answer["request_id"],
    }


def _refused(problem: Any) -> Cells:
    """A problem in the same columns: its own code, and which column is wrong why."""
    faults = (
        f"{error['pointer'].rpartition('/')[2]}: {error['message']}"
        for error in problem["errors"]
    )
    return dict.fromkeys(ADDED, "") | {
        "code": problem["code"],
        "outcome": "refused" if problem["status"] < 500 else "unavailable",  # noqa: PLR2004 - the caller's faults are below
        "text_vi": "; ".join([problem["title_vi"], *faults]),
        "next_step_vi": problem["action"]["vi"],
        "request_id": problem["request_id"],
    }
