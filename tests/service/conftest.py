"""What tests of the audit's files share: a folder, ears, and a clock moved by hand."""

import pytest

from lookup.events import Events
from tests.support.audits import a_watch, opened_audit
from tests.support.clock import HandClock


@pytest.fixture
def told():
    """The warnings and errors told so far, by name."""
    return []


@pytest.fixture
def watch(told):
    events = Events(lambda level, event, _: level == "info" or told.append(event))
    return a_watch(clock=HandClock(), events=events)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "audit"


@pytest.fixture
def opened(folder, watch):
    """Opens the audit of worker 0 in the folder."""

    def opened(**terms):
        return opened_audit(folder, watch=watch, **terms)

    return opened
