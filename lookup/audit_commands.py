"""``tracuu audit``: whether the audit is whole, and who looked at whom."""

import os
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TextIO

import click
import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapters.audit_files import chain_folders
from adapters.audit_keys import make_officer_key
from adapters.audit_queries import Event, OfficerView, Wanted
from adapters.audit_verify import Report, Verifier
from lookup.administration import AuditError
from lookup.audit_place import AuditPlace, audit_place
from lookup.citizen_id import parse_citizen_id
from lookup.clock import RECEPTION_ZONE
from lookup.demo_facts import read_facts, write_privately
from lookup.errors import MalformedError
from lookup.kindly import kindly
from lookup.web.fhir.audit_event import audit_event

_NEW_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)

_HEADINGS = ("at", "client", "operator", "purpose", "result", "released", "request")


@click.group()
def audit() -> None:
    """Who looked at whom, and whether that record is whole."""


@audit.command()
@click.option(
    "--signer",
    "signers",
    multiple=True,
    help="Public key that may have signed, too: the one of an earlier secret.",
)
@kindly
def verify(signers: tuple[str, ...]) -> None:
    """Check that no line was edited, deleted, swapped or cut off."""
    place = _place()
    keys = place.keys
    known = place.known()
    verifier = Verifier(keys.signers.union(signers), known)
    started_s = time.perf_counter()
    reports = [verifier.verify(each) for each in chain_folders(place.folder)]
    duration_s = time.perf_counter() - started_s
    for report in reports:
        click.echo(_told(report))
    for chain in known.keys() - {report.chain for report in reports}:
        click.echo(f"chain {chain}: in the database, but no file of it is here")
    lookups = sum(report.lookups for report in reports)
    rate = lookups / duration_s
    click.echo(f"{lookups:,} lookups in {duration_s:.2f} s, {rate:,.0f} a second.")
    click.echo(f"The public key of this service is {keys.signer}.")
    if not reports:
        raise AuditError(f"there is no audit in {place.folder}")
    sys.exit(any(report.fault for report in reports))


@audit.command()
@click.option("--citizen", is_flag=True, help="About one citizen ID; it is asked for.")
@click.option("--client", help="By this client.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]),
    help="Not before this day or minute, in Việt Nam.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "fhir"]),
    default="table",
    show_default=True,
    help="For people; a JSON object per line; FHIR's AuditEvent per line.",
)
@click.option(
    "--officer-key",
    type=click.File(),
    help="The officer's private key, to read the numbers; not for fhir.",
)
@kindly
def show(
    *,
    citizen: bool,
    client: str | None,
    since: datetime | None,
    form: str,
    officer_key: TextIO | None,
) -> None:
    """Show lookups, oldest first: who asked about whom, when, why, and what left."""
    place = _place()
    wanted = _wanted(place, citizen=citizen, client=client, since=since)
    view = None
    if officer_key is not None:
        view = OfficerView(officer_key.read().strip(), place.first_lines())
    if form == "table":
        _show_table(place, wanted, view)
    else:
        line = _fhir_line if form == "fhir" else _json_line
        place.each(wanted, lambda event: click.echo(line(_read(event, view))))


@audit.command("officer-key")
@click.option("--into", type=_NEW_FILE, required=True, help="For the private key.")
@kindly
def officer_key_command(into: Path) -> None:
    """Make the key pair of the data-protection officer; prints the public key.

    The private key is the officer's alone: take it off this machine.
    """
    if into.exists():
        raise AuditError(f"{into} exists already")
    private, public = make_officer_key()
    write_privately(into, private.encode())
    click.echo(public)


def _place() -> AuditPlace:
    return audit_place(os.environ, read_facts())


def _wanted(
    place: AuditPlace, *, citizen: bool, client: str | None, since: datetime | None
) -> Wanted:
    moment = since and since.replace(tzinfo=RECEPTION_ZONE)
    if not citizen:
        return Wanted(client_id=client, since=moment)
    try:
        number = parse_citizen_id(click.prompt("Số định danh", err=True)).digits
    except MalformedError as malformed:
        raise AuditError(f"the number {malformed}") from None
    hashes = place.keys.hashes_of("citizen_id", number)
    return Wanted(hashes, number, client_id=client, since=moment)


def _told(report: Report) -> str:
    if report.fault is not None:
        return f"{report.fault} (chain {report.chain}, in order up to {report.count})"
    name = report.folder.name
    if not report.chain:
        return f"{name}: empty"
    told = f"{name}: chain {report.chain}, lines {report.first} to {report.count}"
    return f"{told} in order, signed up to {report.signed}"


def _show_table(place: AuditPlace, wanted: Wanted, view: OfficerView | None) -> None:
    table = Table(*_HEADINGS, *(["number"] if view else []))

    def add(event: Event) -> None:
        at = event["at"].astimezone(RECEPTION_ZONE)
        told = (
            f"{at:%Y-%m-%d %H:%M:%S}",
            event["client_id"],
            event["operator"] or "",
            event["purpose"],
            f"{event['code']} {event['outcome']}",
            ", ".join(event["released"]),
            event["request_id"],
        )
        numbers = view.numbers(event) if view else None
        table.add_row(*map(Text, told), *(numbers or ())[:1])

    place.each(wanted, add)
    Console().print(table)


def _read(event: Event, view: OfficerView | None) -> Event:
    """The event, with its numbers for the officer."""
    numbers = view.numbers(event) if view else None
    if numbers is None:
        return event
    return event | dict(zip(("asked_number", "citizen_id"), numbers, strict=True))


def _json_line(event: Event) -> bytes:
    return orjson.dumps(event, option=orjson.OPT_SORT_KEYS)


def _fhir_line(event: Event) -> bytes:
    return orjson.dumps(audit_event(event))
