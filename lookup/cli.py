"""The command ``tracuu``: words in, settings read, the right thing started.

Numbers of persons are never arguments: other users of the machine could read them in
the list of processes.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import click
import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapters import clients_file
from adapters.clients import DEADLINE_MAX_S, Client
from adapters.migrate import migrate as apply_migrations
from lookup import administration, app, demo, doctor, file_lookup, sampling
from lookup.ask import AskError, Desk, asking
from lookup.audit_commands import audit
from lookup.clock import RECEPTION_ZONE, SystemClock
from lookup.demo_facts import read_facts
from lookup.desk import show_answer, show_problem
from lookup.kindly import kindly
from lookup.question import question_of
from lookup.scopes import Scope
from lookup.settings import (
    Settings,
    read_database_url,
    settings_table,
)
from lookup.web.openapi import service_version

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_NEW_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)


@click.group(commands=[audit], context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(service_version(), prog_name="tracuu")
def main() -> None:
    """Tracuu (tra cứu): health insurance and health summary by citizen ID."""


@main.command("demo")
@kindly
def demo_command() -> None:
    """Start everything on this machine, with synthetic citizens."""
    demo.run(os.environ, Console())


@main.command()
@kindly
def serve() -> None:
    """Answer lookups until told to stop."""
    asyncio.run(app.serve(Settings.read(os.environ), os.environ))


@main.command()
@kindly
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
    type=_FILE,
    help="Shares of defects, as TOML; the default gives 86 % success.",
)
@click.option("--processes", type=click.IntRange(1), help="One per core by default.")
@click.option("--replace", is_flag=True, help="Empty the population first.")
@kindly
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
@click.option("--file", type=_FILE, help="Ask for every row of this CSV.")
@click.option("--output", type=_NEW_FILE, help="Write the rows' answers here.")
@kindly
def lookup_command(
    url: str | None, *, sample: int | None, draw: int, as_json: bool, **options: Any
) -> None:
    """Ask a running service, by prompt, or with a request as JSON on standard input."""
    facts = read_facts()
    desk = _desk(url, facts)
    file, output = options.pop("file"), options.pop("output")
    if file is not None:
        sys.exit(not file_lookup.run(desk, file, output))
    if sample is not None:
        admin_url = os.environ.get("TRACUU_ADMIN_URL") or facts.get("admin_url", "")
        sampling.run(desk, admin_url, _database_url(), count=sample, draw=draw)
        return
    status, answer = asyncio.run(_ask(desk, question_of(facts, **options)))
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
@click.option(
    "--deadline-s",
    type=click.FloatRange(0, DEADLINE_MAX_S, min_open=True),
    help="How long it waits for one lookup; TRACUU_DEADLINE_S unless given.",
)
@click.option("--gateway-user", help="User name for the insurer's protocol, too.")
@click.option("--jwks", type=click.File("rb"), help="Its public keys, for SMART.")
@click.option(
    "--into",
    type=_NEW_FILE,
    help="Add it to this TOML file, for a service without a database.",
)
@kindly
def create_client(
    client_id: str, *, scopes: list[str], days: int | None, **options: Any
) -> None:
    """Make a client; its key is shown once, and its gateway user's password."""
    user, jwks, into = (options.pop(name) for name in ("gateway_user", "jwks", "into"))
    if into is not None and (user is not None or jwks is not None):
        raise click.UsageError("--gateway-user and --jwks need a database")
    key_set = administration.read_keys(jwks.read()) if jwks is not None else None
    options["scopes"] = frozenset(map(Scope, scopes))
    options["expires_at"] = datetime.now(UTC) + timedelta(days=days) if days else None
    if into is not None:
        secrets = [clients_file.create_client(into, client_id, **options).text]
    elif user is None:
        key = administration.create_client(_database_url(), client_id, **options)
        secrets = [key.text]
    else:
        key, password = administration.create_gateway_client(
            _database_url(), client_id, user, **options
        )
        secrets = [key.text, password.text]
    click.echo("This key is shown once; keep it as you would a password:", err=True)
    click.echo("\n".join(secrets))
    if key_set is not None:
        administration.replace_keys(_database_url(), client_id, key_set)


@clients.command("keys")
@click.argument("client_id")
@click.option("--jwks", type=click.File("rb"), default="-")
@kindly
def replace_keys(client_id: str, jwks: BinaryIO) -> None:
    """Read a client's public keys, a JWK set; those it had are replaced.

    From a file or standard input. With them the client gets access tokens.
    """
    count = administration.replace_keys(_database_url(), client_id, jwks.read())
    click.echo(f"{client_id} has {count} keys.")


@clients.command("officers")
@click.argument("client_id")
@click.option(
    "--file",
    "table",
    type=click.File(encoding="utf-8", errors="replace"),
    default="-",
    help="CSV; standard input unless given.",
)
@kindly
def replace_officers(client_id: str, table: TextIO) -> None:
    """Replace the list of who may sit at a client's desks: number, comma, name."""
    count = administration.replace_officers(_database_url(), client_id, table.read())
    click.echo(f"{client_id} has {count} officers.")


@clients.command("list")
@kindly
def list_clients() -> None:
    """Show every client, never its key."""
    headings = ("client", "scopes", "key ends in", "state", "deadline", "description")
    table = Table(*headings)
    now = SystemClock().now()
    for row in administration.list_clients(_database_url()):
        scopes = "\n".join(sorted(row.scopes))
        hint = f"...{row.key_hint}"
        whose = Text(row.description)
        wait = "" if row.deadline_s is None else f"{row.deadline_s:g} s"
        table.add_row(row.client_id, scopes, hint, _state(row, now), wait, whose)
    Console().print(table)


@clients.command("revoke")
@click.argument("client_id")
@kindly
def revoke_client(client_id: str) -> None:
    """Close a client's door; running workers notice within a second."""
    administration.revoke_client(_database_url(), client_id)
    click.echo(f"{client_id} is revoked.")


@main.command()
@click.option("--check", is_flag=True, help="Check the present settings instead.")
@kindly
def settings(*, check: bool) -> None:
    """Show every setting: variable, default and meaning."""
    if check:
        Settings.read(os.environ)
        click.echo("All settings are well.")
        return
    for variable, default, meaning in settings_table():
        click.echo(f"# {meaning}\n# {variable}={default}\n")


@main.command("doctor")
@kindly
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


def _desk(url: str | None, facts: dict[str, Any]) -> Desk:
    where = url or os.environ.get("TRACUU_URL") or facts.get("url")
    key = os.environ.get("TRACUU_API_KEY") or facts.get("api_key")
    if not where or not key:
        raise AskError("set TRACUU_URL and TRACUU_API_KEY, or start tracuu demo here")
    return Desk(where, key)


def _database_url() -> str:
    """The database that is set, or that of the demo running here."""
    facts = read_facts()
    if "TRACUU_DATABASE_URL" not in os.environ and "database_url" in facts:
        return str(facts["database_url"])
    return read_database_url(os.environ)
