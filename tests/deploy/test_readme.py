"""What the papers tell people to type, open or set is there."""

import re

import click
import pytest

from lookup.cli import main
from lookup.settings import OTHERS, settings_table
from tests.deploy.papers import PAPERS, ROOT, blocks, quoted

README_MAX_LINES = 120

VARIABLES = {variable for variable, *_ in settings_table()} | OTHERS
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

FOLDERS = ("lookup", "adapters", "cache", "loadtests", "tests", "deploy")
FILE = re.compile(
    rf"(?<![\w/.-])(?:(?:{'|'.join(FOLDERS)})/[\w./-]*|[\w-]+\.(?:md|toml|lock))(?<!\.)"
)

every_paper = pytest.mark.parametrize(
    "text",
    [p.read_text() for p in PAPERS],
    ids=[str(p.relative_to(ROOT)) for p in PAPERS],
)


def typed(text):
    """Every line of code and every quoted word of a page."""
    return [*quoted(text), *blocks(text).splitlines()]


def unknown_targets(text):
    found = (re.findall(r"\bmake ([a-z-]+)", code) for code in typed(text))
    return {target for targets in found for target in targets} - TARGETS


def unknown_commands(text):
    """Commands and options that ``tracuu`` does not have.

    ``tracuu a | b`` names two commands, ``tracuu clients a|b`` two of a group.
    """
    calls = [re.search(r"(?:^|[\s/])tracuu ([a-z].*)", code) for code in typed(text)]
    for call in (found[1] for found in calls if found):
        if re.fullmatch(r"[a-z]+(?: \| [a-z]+)+", call):
            yield from (name for name in call.split(" | ") if name not in main.commands)
        else:
            yield from unknown_words(main, call.partition(" | ")[0].split())


def unknown_words(command, words):
    while isinstance(command, click.Group) and words:
        names, words = words[0].split("|"), words[1:]
        if unknown := [name for name in names if name not in command.commands]:
            yield from unknown
            return
        command = command.commands[names[0]]
    options = {option for param in command.params for option in param.opts}
    given = (word.partition("=")[0] for word in words if word.startswith("--"))
    yield from (option for option in given if option not in options)


def missing_files(text):
    return [name for name in FILE.findall(text) if not (ROOT / name).exists()]


def unknown_variables(text):
    return set(re.findall(r"\bTRACUU_[A-Z_]*[A-Z]", text)) - VARIABLES


def test_readme_is_short():
    lines = (ROOT / "README.md").read_text().splitlines()

    assert len(lines) <= README_MAX_LINES


@every_paper
def test_every_make_target_exists(text):
    assert unknown_targets(text) == set()


@every_paper
def test_every_command_exists_with_its_options(text):
    assert list(unknown_commands(text)) == []


@every_paper
def test_every_file_exists(text):
    assert missing_files(text) == []


@every_paper
def test_every_variable_is_a_setting(text):
    assert unknown_variables(text) == set()


@pytest.mark.parametrize(
    ("find", "text", "found"),
    [
        (unknown_targets, "`make tea` and make coffee", ["tea"]),
        (unknown_targets, "```\nmake tea  # green\nmake test\n```", ["tea"]),
        (unknown_commands, "`tracuu demo | brew`", ["brew"]),
        (unknown_commands, "`tracuu clients create|brew`", ["brew"]),
        (unknown_commands, "```\n$ tracuu seed --sugar 2 | less\n```", ["--sugar"]),
        (missing_files, "see `lookup/tea.py`, `lookup/cli.py`.", ["lookup/tea.py"]),
        (missing_files, "[the menu](MENU.md), /docs/tea.md", ["MENU.md"]),
        (unknown_variables, "TRACUU_HTTP_PORT, TRACUU_TEA_S", ["TRACUU_TEA_S"]),
    ],
)
def test_what_is_not_there_is_found(find, text, found):
    assert list(find(text)) == found
