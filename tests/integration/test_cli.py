"""The commands that work on the database, over a real one."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from lookup.administration import key_opens
from lookup.scopes import Scope
from tests.support.commands import CommandLine, tell
from tests.support.servers import create_empty_database
from tests.support.whole_service import CACHE_KEY

NOWHERE = "postgresql://127.0.0.1:1/tracuu"

SMALL = ("seed", "--citizens", "60", "--health-records", "40")


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """The command without any database."""
    return CommandLine(tmp_path, monkeypatch)


@pytest.fixture
def tracuu(nowhere, database_url):
    """The command with a migrated database."""
    nowhere.set(TRACUU_DATABASE_URL=database_url)
    return nowhere


def faults(done):
    """What a command says that failed in an orderly way."""
    assert (done.exit_code, done.stdout) == (1, "")
    return done.stderr.strip()


def test_migrations_are_applied_once(servers, nowhere):
    nowhere.set(TRACUU_DATABASE_URL=create_empty_database(servers, "cli_migrate"))

    first = nowhere.run("migrate")
    second = nowhere.run("migrate")

    assert first.stdout.startswith("0001")
    assert second.stdout == "Nothing to do.\n"


def test_seeding_tells_how_many_are_new(tracuu):
    first = tracuu.run(*SMALL)
    second = tracuu.run(*SMALL)

    assert "Seeding" in first.stderr
    assert first.stderr.endswith("; 60 new\n")
    assert "Seeding" not in second.stderr
    assert second.stderr.endswith("; 0 new\n")


def test_seeding_before_migrating_asks_to_migrate(servers, nowhere):
    nowhere.set(TRACUU_DATABASE_URL=create_empty_database(servers, "cli_seed"))

    assert faults(nowhere.run(*SMALL)).endswith("run tracuu migrate first")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--seed", "8"), "the database holds another population (seed 7, 60 citizens"),
        (("--citizens", "5000000"), "citizens must be from 1 to 4,000,000"),
        (("--health-records", "61"), "health records must be from 0 to the number"),
        (("--profile", __file__), f"profile {__file__}: "),
    ],
)
def test_seeding_that_cannot_be_says_why(tracuu, options, told):
    tracuu.run(*SMALL)

    assert told in faults(tracuu.run(*SMALL, *options))


def test_population_can_be_replaced(tracuu, database_url):
    tracuu.run(*SMALL)
    tell(database_url, "UPDATE synthetic.seeding SET recipe_version = 0")

    refused = tracuu.run(*SMALL)
    done = tracuu.run(*SMALL, "--seed", "8", "--processes", "1", "--replace")

    assert "was made by another version" in faults(refused)
    assert done.stderr.endswith("; 60 new\n")


@pytest.mark.parametrize(
    "words",
    [
        ("migrate",),
        SMALL,
        ("clients", "create", "quay-1"),
        ("clients", "list"),
        ("clients", "revoke", "quay-1"),
    ],
)
def test_database_that_is_away_is_told_without_a_trace(nowhere, words):
    nowhere.set(TRACUU_DATABASE_URL=NOWHERE)

    assert "ConnectionRefusedError" in faults(nowhere.run(*words))


def test_missing_database_is_a_fault_of_the_settings(nowhere):
    done = nowhere.run("migrate")

    assert done.exit_code == 2
    assert done.stderr.startswith("TRACUU_DATABASE_URL: is missing, for example ")
    assert done.stderr.endswith("All settings: tracuu settings\n")


def test_database_of_the_demo_here_is_found(nowhere, database_url):
    (nowhere.folder / ".tracuu").mkdir()
    facts = orjson.dumps({"database_url": database_url})
    (nowhere.folder / ".tracuu/demo.json").write_bytes(facts)

    assert nowhere.run("migrate").stdout == "Nothing to do.\n"


def test_key_is_shown_once_and_alone(tracuu, database_url):
    done = tracuu.run("clients", "create", "quay-1")
    listed = tracuu.run("clients", "list").stdout

    key = done.stdout.strip()
    assert key_opens(database_url, key)
    assert "shown once" in done.stderr
    assert "quay-1" in listed
    assert f"...{key[-4:]}" in listed
    assert key not in listed


def test_client_has_the_scopes_it_was_given(tracuu):
    scopes = [word for scope in Scope for word in ("--scope", scope.value)]
    tracuu.run("clients", "create", "all", *scopes, "--description", "[b]Khoa[/x]")
    tracuu.run("clients", "create", "few")

    listed = tracuu.run("clients", "list").stdout

    assert "[b]Khoa[/x]" in listed
    assert all(listed.count(scope) == 1 for scope in Scope if scope != Scope.LOOKUP)
    assert listed.count(Scope.LOOKUP) == 2


def test_deadline_of_a_client_is_listed(tracuu):
    tracuu.run("clients", "create", "patient", "--deadline-s", "4.5")

    assert " 4.5 s " in tracuu.run("clients", "list").stdout


def test_states_of_clients_are_told(tracuu, database_url):
    for name in ("here", "short", "over", "gone"):
        tracuu.run("clients", "create", name, "--days", "9")
    tell(
        database_url,
        "UPDATE clients SET expires_at = NULL WHERE client_id = 'here'; "
        "UPDATE clients SET expires_at = '2026-01-31 18:00Z' WHERE client_id = 'over'",
    )

    revoked = tracuu.run("clients", "revoke", "gone")
    listed = tracuu.run("clients", "list").stdout

    last = datetime.now(UTC) + timedelta(days=9, hours=7)
    assert revoked.stdout == "gone is revoked.\n"
    for state in ("active  ", f"active until {last:%Y-%m-%d}", "expired 2026-02-01"):
        assert state in listed
    assert "revoked" in listed


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("create", "quay-1"), "client quay-1 exists already"),
        (("create", "Quầy 1"), "a client is named with 2 to 40 of a-z, 0-9 and -"),
        (("revoke", "nobody"), "no client nobody whose key could be revoked"),
    ],
)
def test_client_that_cannot_be_says_why(tracuu, words, told):
    tracuu.run("clients", "create", "quay-1")

    assert told in faults(tracuu.run("clients", *words))


@pytest.mark.parametrize(
    "options",
    [
        ("--scope", "everything"),
        ("--days", "0"),
        ("--days", "x"),
        ("--deadline-s", "0"),
        ("--deadline-s", "30.1"),
    ],
)
def test_client_with_a_wrong_option_is_a_wrong_usage(tracuu, options):
    done = tracuu.run("clients", "create", "quay-1", *options)

    assert done.exit_code == 2
    assert f"Invalid value for '{options[0]}'" in done.stderr


@pytest.mark.parametrize("key", ["", "tracuu_x", "tracuu_" + "0" * 27 + "_000000"])
def test_what_is_no_key_opens_nothing(key):
    assert not key_opens(NOWHERE, key)


def test_key_of_another_database_opens_nothing(tracuu, database_url):
    key = tracuu.run("clients", "create", "quay-1").stdout.strip()
    assert key_opens(database_url, key)

    tell(database_url, "DELETE FROM clients")

    assert not key_opens(database_url, key)


def test_settings_are_checked_all_at_once(nowhere):
    nowhere.set(TRACUU_HTP_PORT="1", TRACUU_WORKERS="0")

    done = nowhere.run("settings", "--check")

    assert done.exit_code == 2
    assert "TRACUU_HTP_PORT: is no setting; did you mean TRACUU_HTTP_PORT?" in (
        done.stderr
    )
    assert len(done.stderr.splitlines()) == 6


def test_good_settings_are_said_to_be_good(tracuu):
    tracuu.set(TRACUU_REDIS_URL="redis://cache", TRACUU_CACHE_KEY=CACHE_KEY)

    assert tracuu.run("settings", "--check").stdout == "All settings are well.\n"


def test_doctor_gives_its_finding_as_exit_code(nowhere):
    done = nowhere.run("doctor")

    assert done.exit_code == 1
    assert "TRACUU_DATABASE_URL: is missing" in done.stdout


def test_folder_that_cannot_be_read_is_told_without_a_trace(nowhere):
    (nowhere.folder / ".tracuu/demo.json").mkdir(parents=True)

    done = nowhere.run("clients", "list")

    assert faults(done) == ".tracuu/demo.json: Is a directory"


@pytest.mark.parametrize(
    ("admin_url", "told"),
    [
        ("", "no metrics at any address (InvalidUrlClientError)"),
        ("http://127.0.0.1:1", "no metrics at http://127.0.0.1:1 (ClientConnector"),
    ],
)
def test_sample_without_metrics_names_the_variable(tracuu, admin_url, told):
    tracuu.run(*SMALL)
    tracuu.set(TRACUU_URL="http://127.0.0.1:1", TRACUU_API_KEY="tracuu_x")
    tracuu.set(TRACUU_ADMIN_URL=admin_url)

    refused = faults(tracuu.run("lookup", "--sample", "5"))

    assert refused.startswith(told)
    assert refused.endswith("set TRACUU_ADMIN_URL")


def test_sample_of_an_empty_database_asks_to_seed_it(tracuu):
    tracuu.set(TRACUU_URL="http://127.0.0.1:1", TRACUU_API_KEY="tracuu_x")

    refused = faults(tracuu.run("lookup", "--sample", "5"))

    assert refused.endswith("no complete population: seed it first")
