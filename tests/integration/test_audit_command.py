"""``tracuu audit`` over files and database, as an operator types it."""

import asyncio
import base64
import json

import pytest

from adapters.audit_keys import AuditKeys
from adapters.audit_scribe import Identity
from adapters.audit_standing import AuditTerms, open_audit
from adapters.postgres import Database
from cache.key import subkey
from tests.support.audits import a_watch
from tests.support.builders import AS_OF, CITIZEN_ID
from tests.support.commands import CommandLine, tell
from tests.support.entries import an_entry
from tests.support.fhir import faults_of
from tests.support.whole_service import CACHE_KEY

KEYS = AuditKeys(subkey(base64.b64decode(CACHE_KEY), b"audit"))


@pytest.fixture(params=["database", "files"])
def database_or_none(request):
    """The URL of a database, or None where there is none."""
    if request.param == "files":
        return None
    return request.getfixturevalue("database_url")


@pytest.fixture
def tracuu(tmp_path, monkeypatch, database_or_none):
    command = CommandLine(tmp_path, monkeypatch)
    command.set(
        TRACUU_CACHE_KEY=CACHE_KEY,
        TRACUU_AUDIT_DIR=str(tmp_path / "audit"),
        TRACUU_DATABASE_URL=database_or_none or "",
    )
    return command


@pytest.fixture
def officer_key(tracuu):
    """The public key, made by the command beside ``officer.key``."""
    return tracuu.run("audit", "officer-key", "--into", "officer.key").stdout.strip()


@pytest.fixture
def write(tmp_path, database_or_none):
    """Write lookups down as a worker does."""

    def write(*entries, officer_key=""):
        database = Database(database_or_none, 2.0) if database_or_none else None
        terms = AuditTerms(tmp_path / "audit", 366.0, database=database)

        async def record_all():
            identity = Identity(0, KEYS, officer_key)
            async with open_audit(terms, identity, a_watch()) as audit:
                for entry in entries:
                    await audit.record(entry)

        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            runner.run(record_all())

    return write


def rows(done):
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_whole_audit_is_said_to_be_in_order(tracuu, write):
    write(*[an_entry()] * 3)

    done = tracuu.run("audit", "verify")

    assert done.exit_code == 0
    assert "lines 1 to 5 in order, signed up to 4" in done.stdout
    assert "3 lookups in " in done.stdout
    assert KEYS.signer in done.stdout


def test_edited_audit_is_said_to_be_and_where(tracuu, write, tmp_path):
    write(*[an_entry()] * 3)
    (path,) = (tmp_path / "audit").rglob("*.jsonl")
    path.write_bytes(path.read_bytes().replace(b"his-1", b"his-2", 1))

    done = tracuu.run("audit", "verify")

    assert done.exit_code == 1
    assert f"{path}:2: was edited" in done.stdout


def test_audit_of_an_earlier_secret_needs_its_key(tracuu, write):
    write(an_entry())
    tracuu.set(TRACUU_CACHE_KEY=base64.b64encode(b"n" * 32).decode())

    alone = tracuu.run("audit", "verify")
    trusted = tracuu.run("audit", "verify", "--signer", KEYS.signer)

    assert "is signed by nobody who may" in alone.stdout
    assert (alone.exit_code, trusted.exit_code) == (1, 0)


def test_audit_of_the_other_secret_is_in_order_and_found(tracuu, write):
    write(an_entry())
    tracuu.set(
        TRACUU_CACHE_KEY=base64.b64encode(b"n" * 32).decode(),
        TRACUU_OTHER_CACHE_KEYS=CACHE_KEY,
    )

    verified = tracuu.run("audit", "verify")
    shown = tracuu.run(
        "audit", "show", "--citizen", "--format", "json", typed=CITIZEN_ID
    )

    assert verified.exit_code == 0, verified.output
    assert len(rows(shown)) == 1


@pytest.mark.parametrize(
    ("key", "told"),
    [("", "TRACUU_CACHE_KEY: is missing"), (CACHE_KEY, "there is no audit in ")],
)
def test_what_is_missing_to_check_is_told(tracuu, key, told):
    tracuu.set(TRACUU_CACHE_KEY=key)

    done = tracuu.run("audit", "verify")

    assert done.exit_code
    assert told in done.stderr


def test_who_looked_at_me_is_answered_by_a_number_that_is_typed(tracuu, write):
    write(
        an_entry(request_id="mine"),
        an_entry(request_id="hers", identifier=None, citizen_id="068180000006"),
    )

    done = tracuu.run("audit", "show", "--citizen", typed=f"{CITIZEN_ID}\n")
    wrong = tracuu.run("audit", "show", "--citizen", typed="12\n")

    assert "mine" in done.stdout
    assert "Trần Văn Bình" in done.stdout
    assert "hers" not in done.stdout
    assert CITIZEN_ID not in done.stdout
    assert (wrong.exit_code, "12 digits" in wrong.stderr) == (1, True)


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ((), ["a", "b"]),
        (("--client", "his-2"), ["b"]),
        (("--since", "2026-11-25T09:00"), ["a", "b"]),
        (("--since", "2026-11-26"), []),
    ],
)
def test_lookups_are_found_by_client_and_day(tracuu, write, options, ids):
    write(an_entry(request_id="a"), an_entry(request_id="b", client_id="his-2"))

    found = rows(tracuu.run("audit", "show", "--format", "json", *options))

    assert [each["request_id"] for each in found] == ids


def test_the_officer_reads_numbers_and_others_see_none(tracuu, write, officer_key):
    write(an_entry(), officer_key=officer_key)

    show = ("audit", "show", "--format", "json")
    (plain,) = rows(tracuu.run(*show))
    (told,) = rows(tracuu.run(*show, "--officer-key", "officer.key"))
    table = tracuu.run("audit", "show", "--officer-key", "officer.key").stdout

    assert CITIZEN_ID not in plain.values()
    assert told["asked_number"] == told["citizen_id"] == CITIZEN_ID
    assert CITIZEN_ID in table


def test_private_key_is_never_written_over(tracuu, officer_key, tmp_path):
    before = (tmp_path / "officer.key").read_bytes()

    again = tracuu.run("audit", "officer-key", "--into", "officer.key")

    assert officer_key
    assert again.exit_code == 1
    assert (tmp_path / "officer.key").read_bytes() == before
    assert (tmp_path / "officer.key").stat().st_mode & 0o777 == 0o600


def test_every_line_of_the_export_is_a_valid_audit_event(tracuu, write):
    write(an_entry(), an_entry(operator=None, identifier=None, citizen_id=None))

    found = rows(tracuu.run("audit", "show", "--format", "fhir"))

    assert [each["resourceType"] for each in found] == ["AuditEvent"] * 2
    assert [faults_of(each) for each in found] == [[], []]


@pytest.mark.parametrize("database_or_none", ["database"], indirect=True)
def test_entries_from_before_there_were_chains_are_found(
    tracuu, write, database_or_none
):
    write(an_entry(request_id="new"))
    tell(
        database_or_none,
        "INSERT INTO audit_log (at, request_id, client_id, channel, purpose, facets,"
        " asked_kind, asked_number, citizen_id, code, outcome, disclosed) VALUES"
        f" ('{AS_OF:%Y-%m-%d}', 'old', 'his-1', 'api', 'reception', '{{coverage}}',"
        f" 'citizen_id', '{CITIZEN_ID}', '{CITIZEN_ID}', '000', 'active', true)",
    )

    show = ("audit", "show", "--citizen", "--format")
    found = rows(tracuu.run(*show, "json", typed=CITIZEN_ID))
    exported = rows(tracuu.run(*show, "fhir", typed=CITIZEN_ID))

    assert [each["request_id"] for each in found] == ["old", "new"]
    assert [faults_of(each) for each in exported] == [[], []]


@pytest.mark.parametrize("database_or_none", ["database"], indirect=True)
def test_chain_whose_files_are_elsewhere_is_named(tracuu, write, tmp_path):
    write(an_entry())
    (tmp_path / "audit" / "worker-0").rename(tmp_path / "elsewhere")
    write(an_entry())

    done = tracuu.run("audit", "verify")

    assert done.stdout.count("in the database, but no file of it is here") == 1
