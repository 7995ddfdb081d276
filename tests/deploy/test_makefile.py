"""The two commands that matter, and that others hear of them."""

import os
import re
import shutil
import subprocess

import pytest

from tests.deploy.papers import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE)


def make(*arguments, **environ):
    """Run make as from a terminal, also when these tests were started by it."""
    return subprocess.run(
        [shutil.which("make"), *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_help_is_the_default_and_shows_every_target():
    shown = make()

    assert shown == make("help")
    assert re.findall(r"^  make ([a-z-]+) ", shown, re.MULTILINE) == TARGETS


def test_no_file_can_stand_in_for_a_target():
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)

    assert phony
    assert sorted(phony[1].split()) == sorted(TARGETS)


@pytest.mark.parametrize(
    ("target", "lock", "command"),
    [
        ("demo", "requirements.lock", "-m lookup demo"),
        ("test", "requirements-dev.lock", "-m tests.run"),
        ("check", "requirements-dev.lock", "-m tests.check"),
        ("load", "requirements-dev.lock", "-m loadtests.load"),
        ("province", "requirements-dev.lock", "-m loadtests.province"),
    ],
)
def test_command_does_its_own_set_up_when_its_lock_changes(target, lock, command):
    set_up, *_, last = make("-n", "-W", lock, target).splitlines()

    assert f"deploy/install.sh python3 .venv {lock}" in set_up
    assert command in last


def test_load_takes_what_stands_on_the_command_line_alone():
    given = ("PROFILE=morning", "RATE=5", "MINUTES=2", "PROCESSES=2", "HOST=x", "WEB=1")

    *_, all_given = make("-n", "load", *given).splitlines()
    *_, none_given = make("-n", "load", HOST="of-the-shell").splitlines()

    wanted = "--profile morning --rate 5 --minutes 2 --processes 2 --host x --web"
    assert all_given.split("loadtests.load ")[1].split() == wanted.split()
    assert none_given.split()[-1] == "loadtests.load"


def test_the_build_runs_the_tests_and_nothing_else():
    script = ROOT / ".ci/run"

    assert script.read_text() == "#!/bin/sh\nexec make test\n"
    assert os.access(script, os.X_OK)
