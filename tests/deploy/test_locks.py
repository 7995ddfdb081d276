"""The lock files hold what the project asks for, and name nobody's server."""

import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deploy.papers import PYPROJECT, ROOT

PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]

ENTRY = re.compile(
    r"^(?P<name>[\w.-]+)(?:\[[\w,-]+\])?==(?P<version>[^\s;\\]+)(?P<rest>(?:.*\\\n)*.*)",
    re.MULTILINE,
)
SERVER = re.compile(r"://|^-|--(?:extra-)?index|--find-links|--trusted", re.MULTILINE)

INSTALLED = (ROOT / "requirements.lock").read_text()
DEVELOPED = (ROOT / "requirements-dev.lock").read_text()

ASKED = {
    "requirements.lock": (INSTALLED, [*PROJECT["dependencies"], *EXTRAS["demo"]]),
    "requirements-dev.lock": (
        DEVELOPED,
        [*PROJECT["dependencies"], *(r for extra in EXTRAS.values() for r in extra)],
    ),
}


def pins(lock):
    found = ENTRY.finditer(lock)
    return {canonicalize_name(entry["name"]): entry["version"] for entry in found}


def unmet(lock, requirements):
    """What is asked for and not locked, or locked at a version not asked for."""
    locked = pins(lock)
    for asked in map(Requirement, requirements):
        name = canonicalize_name(asked.name)
        if name != PROJECT["name"] and (
            name not in locked or not asked.specifier.contains(locked[name])
        ):
            yield str(asked)


def without_hash(lock):
    entries = ENTRY.finditer(lock)
    return [entry["name"] for entry in entries if "--hash=sha256:" not in entry["rest"]]


@pytest.mark.parametrize("name", ASKED)
def test_lock_has_everything_that_is_asked_for(name):
    assert list(unmet(*ASKED[name])) == []


@pytest.mark.parametrize("name", ASKED)
def test_every_entry_has_its_hashes(name):
    lock, _ = ASKED[name]

    assert without_hash(lock) == []


@pytest.mark.parametrize("name", ASKED)
def test_no_server_is_named(name):
    lock, _ = ASKED[name]

    assert SERVER.findall(lock) == []


def test_development_runs_on_the_versions_that_are_installed():
    developed = pins(DEVELOPED)

    assert {name: developed.get(name) for name in pins(INSTALLED)} == pins(INSTALLED)


def test_missing_and_old_versions_are_found():
    lock = "a==1.0 \\\n    --hash=sha256:0\nb==1.9 ; x\n"

    assert list(unmet(lock, ["a>=1", "b>=2", "c"])) == ["b>=2", "c"]


def test_missing_hash_is_found():
    lock = "a==1.0 \\\n    --hash=sha256:0\nb==1.9\nc==2 \\\n    --hash=sha256:0\n"

    assert without_hash(lock) == ["b"]


@pytest.mark.parametrize(
    "line",
    [
        "--index-url somewhere",
        "-i somewhere",
        "--extra-index-url somewhere",
        "a @ https://example.invalid/a.whl",
        "-e git+https://example.invalid/a",
    ],
)
def test_named_server_is_found(line):
    assert SERVER.search(f"a==1.0\n{line}\n")
