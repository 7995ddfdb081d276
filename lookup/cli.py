"""The command ``tracuu``: words in, settings read, the right thing started.

Numbers of persons are never arguments: other users of the machine could read them in
the list of processes.
"""

import asyncio
import os
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from http import HTTPStatus
from pathlib import Path
from typing import Any, ParamSpec

import click
import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapters.clients import Client
from adapters.migrate import migrate as apply_migrations
from lookup import administration, app, demo, doctor, sampling
from lookup.ask import AskError, Desk, asking
from lookup.clock import RECEPTION_ZONE, SystemClock
from lookup.desk import show_answer, show_problem
from lookup.scopes import Scope
from lookup.settings import (
    Settings,
    SettingsError,
    read_database_url,
    settings_table,
)
from lookup.web.openapi import service_version

P = ParamSpec("P")


def _kindly(command: Callable[P, None]) -> Callable[P, None]:
    """Turn faults that a person can put right into a message and an exit code."""

    @wraps(command)
    def kind(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except SettingsError as error:
            for fault in error.faults:
                click.echo(fault, err=True)
            click.echo("All settings: tracuu settings", err=True)
            sys.exit(2)
        except (*administration.KIND_ERRORS, AskError, demo.DemoError) as error:
            click.echo(f"{error}", err=True)
            sys.exit(1)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            place = f"{error.filename}: " if error.filename else ""
            click.echo(f"{place}{reason}", err=True)
            sys.exit(1)

    return kind


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(service_version(), prog_name="tracuu")
def main() -> None:
    """Tracuu (tra cứu): health insurance and health summary by citizen ID."""


@main.command("demo")
@_kindly
def demo_command() -> None:
    """Start everything on this machine, with synthetic citizens."""
    demo.run(os.environ, Console())


@main.command()
@_kindly
def serve() -> None:
    """Answer lookups until told to stop."""
    asyncio.run(app.serve(Settings.read(os.environ), os.environ))


@main.command()
@_kindly
def migrate() -> None:
    """Bring the population database to this version's shape."""
    applied = apply_migrations(_database_url())
    click.echo("\n".join(applied) or "Nothing to do.")


@main.command()
@click.option("--citizens", type=click.IntRange(1), default=20_000, show_default=True)
@click.option(
    "--health-records", type=click.IntRange(0), default=15_000, show_default=True
)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option(
    "--profile",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Shares of defects, as TOML; the default gives 86 % success.",
)
@click.option("--processes", type=click.IntRange(1), help="One per core by default.")
@click.option("--replace", is_flag=True, help="Empty the population first.")
@_kindly
def seed(**options: Any) -> None:
    """Fill the population database with synthetic citizens."""
    administration.seed(
        _database_url(), administration.SeedOptions(**options), Console(stderr=True)
    )


@main.command("lookup")
@click.option("--url", help="Service to ask; TRACUU_URL, or the running demo.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option("--code", help="Ask for the demo's sample person of this result code.")
@click.option("--health", is_flag=True, help="Ask for the health summary, too.")
@click.option("--sample", type=click.IntRange(1), help="Ask for so many at random.")
@click.option("--draw", type=int, default=1, show_default=True, help="Which sample.")
@_kindly
def lookup_command(
    url: str | None, *, sample: int | None, draw: int, as_json: bool, **options: Any
) -> None:
    """Ask a running service, by prompt, or with a request as JSON on standard input."""
    facts = demo.read_facts()
    desk = _desk(url, facts)
    if sample is not None:
        admin_url = os.environ.get("TRACUU_ADMIN_URL") or facts.get("admin_url", "")
        sampling.run(desk, admin_url, _database_url(), count=sample, draw=draw)
        return
    status, answer = asyncio.run(_ask(desk, _body(facts, **options)))
    console = Console()
    if as_json or not console.is_terminal:
        click.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode())
    else:
        (show_answer if status == HTTPStatus.OK else show_problem)(answer, console)
    sys.exit(0 if status == HTTPStatus.OK else 1)


@main.group()
def clients() -> None:
    """Who may ask."""


@clients.command("create")
@click.argument("client_id")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    default=[Scope.LOOKUP.value],
    show_default=True,
)
@click.option("--description", default="", help="Whose system it is.")
@click.option("--days", type=click.IntRange(1), help="Until the key expires.")
@_kindly
def create_client(
    client_id: str, *, scopes: list[str], description: str, days: int | None
) -> None:
    """Make a client; its key is shown once."""
    expires_at = datetime.now(UTC) + timedelta(days=days) if days else None
    key = administration.create_client(
        _database_url(),
        client_id,
        scopes=frozenset(map(Scope, scopes)),
        description=description,
        expires_at=expires_at,
    )
    click.echo("This key is shown once; keep it as you would a password:", err=True)
    click.echo(key.text)


@clients.command("list")
@_kindly
def list_clients() -> None:
    """Show every client, never its key."""
    table = Table("client", "scopes", "key ends in", "state", "description")
    now = SystemClock().now()
    for row in administration.list_clients(_database_url()):
        scopes = "\n".join(sorted(row.scopes))
        hint = f"...{row.key_hint}"
        whose = Text(row.description)
        table.add_row(row.client_id, scopes, hint, _state(row, now), whose)
    Console().print(table)


@clients.command("revoke")
@click.argument("client_id")
@_kindly
def revoke_client(client_id: str) -> None:
    """Close a client's door; running workers notice within a second."""
    administration.revoke_client(_database_url(), client_id)
    click.echo(f"{client_id} is revoked.")


@main.command()
@click.option("--check", is_flag=True, help="Check the present settings instead.")
@_kindly
def settings(*, check: bool) -> None:
    """Show every setting: variable, default and meaning."""
    if check:
        Settings.read(os.environ)
        click.echo("All settings are well.")
        return
    for variable, default, meaning in settings_table():
        click.echo(f"# {meaning}\n# {variable}={default}\n")


@main.command("doctor")
@_kindly
def doctor_command() -> None:
    """Check settings, database, Redis, migrations and clock; say what to do."""
    sys.exit(doctor.run(os.environ, Console(), SystemClock()))


def _state(client: Client, now: datetime) -> str:
    if client.revoked_at is not None:
        return "revoked"
    if client.expires_at is None:
        return "active"
    word = "expired" if client.expires_at <= now else "active until"
    return f"{word} {client.expires_at.astimezone(RECEPTION_ZONE):%Y-%m-%d}"


async def _ask(desk: Desk, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    async with asking(desk) as connection:
        return await connection.ask(body)


def _body(facts: dict[str, Any], *, code: str | None, health: bool) -> dict[str, Any]:
    """The request: a sample of the demo, standard input, or answers to prompts."""
    if code is not None:
        samples = facts.get("samples", {})
        if not samples:
            raise AskError(
                "there are no samples here: start tracuu demo in this folder"
            )
        if code not in samples:
            raise AskError(f"no sample for {code}; known: {' '.join(samples)}")
        names = ("citizen_id", "full_name", "birth_date")
        body = {name: samples[code][name] for name in names}
    elif sys.stdin.isatty():
        body = _prompted()
    else:
        body = _read_body()
    extra = {"include": ["coverage", "health"], "purpose": "reception"}
    return body | extra if health else body


def _read_body() -> dict[str, Any]:
    try:
        body = orjson.loads(sys.stdin.buffer.read())
    except orjson.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise AskError(f"standard input is no JSON: {place}") from None
    if not isinstance(body, dict):
        raise AskError("standard input is no JSON object")
    return body


def _prompted() -> dict[str, Any]:
    number = click.prompt("Số định danh, số thẻ hoặc mã QR", type=str)
    if "|" in number:
        return {"qr": number}
    field = "citizen_id" if len(_bare(number)) in {9, 12} else "card_number"
    name = click.prompt("Họ và tên", default="", show_default=False)
    birth_date = click.prompt("Ngày sinh", default="", show_default=False)
    claim = {"full_name": name, "birth_date": birth_date}
    return {field: number} | {key: text for key, text in claim.items() if text}


def _bare(number: str) -> str:
    """A number without what people type between its digits."""
    return re.sub(r"[\s.-]", "", number)


def _desk(url: str | None, facts: dict[str, Any]) -> Desk:
    where = url or os.environ.get("TRACUU_URL") or facts.get("url")
    key = os.environ.get("TRACUU_API_KEY") or facts.get("api_key")
    if not where or not key:
        raise AskError("set TRACUU_URL and TRACUU_API_KEY, or start tracuu demo here")
    return Desk(where, key)


def _database_url() -> str:
    """The database that is set, or that of the demo running here."""
    facts = demo.read_facts()
    if "TRACUU_DATABASE_URL" not in os.environ and "database_url" in facts:
        return str(facts["database_url"])
    return read_database_url(os.environ)
