"""The directions of imports hold, and each contract catches what it is there for."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.papers import PYPROJECT, ROOT

CONTRACTS = [
    contract["name"] for contract in PYPROJECT["tool"]["importlinter"]["contracts"]
]

BREACHES = {
    "the floors of the house build on each other, never back": [
        ("lookup/codes.py", "import lookup.eligibility"),
        ("lookup/service.py", "import lookup.web.wire"),
        ("lookup/attic.py", '"""A room on no floor."""'),
    ],
    "only the composition root and the commands know the neighbours": [
        ("lookup/service.py", "import cache.entry"),
        ("lookup/web/lookups.py", "import adapters.population"),
    ],
    "adapters and cache never see each other": [
        ("adapters/population.py", "import cache.entry"),
        ("cache/entry.py", "import adapters.population"),
    ],
    "adapters and cache know the promises, not the house above them": [
        ("adapters/population.py", "import lookup.web.wire"),
        ("cache/entry.py", "import lookup.service"),
    ],
    "what has a meaning does no input or output": [
        ("lookup/eligibility.py", "import time"),
        ("lookup/characters.py", "from os import environ"),
        ("cache/freshness.py", "import asyncio"),
    ],
}
"""By contract: a file, and a line in it that must not be let through."""

PLANTED = [(name, breach) for name in BREACHES for breach in BREACHES[name]]


@pytest.fixture
def house(tmp_path):
    """A copy of the three packages and of their contracts."""
    without = shutil.ignore_patterns("__pycache__")
    for package in PYPROJECT["tool"]["importlinter"]["root_packages"]:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=without)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(house):
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache"]
    return subprocess.run(
        command, cwd=house, capture_output=True, text=True, check=False
    )


def test_every_contract_is_kept(house):
    done = lint(house)

    assert done.returncode == 0, done.stdout


def test_every_contract_has_its_breach():
    assert sorted(BREACHES) == sorted(CONTRACTS)


@pytest.mark.parametrize(("contract", "breach"), PLANTED)
def test_planted_breach_is_caught(house, contract, breach):
    file, line = breach
    with (house / file).open("a") as module:
        module.write(f"\n{line}\n")

    done = lint(house)

    assert done.returncode == 1
    assert f"{contract} BROKEN" in done.stdout
