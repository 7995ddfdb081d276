"""What ``tracuu doctor`` says of the files that stand in for a database."""

import pytest

from adapters.clients_file import create_client
from lookup.doctor import _audit, _clients_file
from lookup.scopes import Scope
from lookup.settings import Settings
from tests.support.clock import MORNING, HandClock
from tests.unit.test_settings import NEEDED, WITHOUT_DATABASE


@pytest.fixture
def settings(tmp_path):
    return Settings.read(
        NEEDED
        | WITHOUT_DATABASE
        | {
            "TRACUU_SOURCES": "gateway",
            "TRACUU_CLIENTS_FILE": str(tmp_path / "clients.toml"),
            "TRACUU_AUDIT_DIR": str(tmp_path / "file" / "audit"),
        }
    )


def test_clients_that_may_ask_are_counted(settings, tmp_path):
    path = tmp_path / "clients.toml"
    create_client(path, "his-1", scopes=frozenset(Scope))
    create_client(path, "his-2", scopes=frozenset(Scope), expires_at=MORNING)

    finding = _clients_file(settings, HandClock())

    assert (finding.is_well, finding.told) == (True, "1 may ask")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "No such file or directory: is TRACUU_CLIENTS_FILE right?"),
        ("", "nobody may ask: run tracuu clients create --into"),
        ("x", "(at end of document): correct the file of TRACUU_CLIENTS_FILE"),
    ],
)
def test_a_file_by_which_nobody_may_ask_is_not_well(settings, tmp_path, content, told):
    if content is not None:
        (tmp_path / "clients.toml").write_text(content)

    finding = _clients_file(settings, HandClock())

    assert not finding.is_well
    assert told in finding.told


def test_an_audit_that_could_not_be_written_is_not_well(settings, tmp_path):
    well = _audit(settings)
    (tmp_path / "file").write_text("in the way")
    unwell = _audit(settings)

    assert (well.is_well, unwell.is_well) == (True, False)
    assert "TRACUU_AUDIT_DIR" in unwell.told
