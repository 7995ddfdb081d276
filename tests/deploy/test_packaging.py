"""What is installed is the whole service and nothing else."""

import subprocess
import sys
import zipfile

import pytest

from tests.deploy.papers import PYPROJECT, ROOT

PACKAGES = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel as ``pip install .`` would make it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [file] = folder.glob("*.whl")
    with zipfile.ZipFile(file) as content:
        yield content


MADE_HERE = {"__pycache__", "results"}
"""What running things leaves behind; no file of ours."""


def test_every_file_of_the_packages_is_in_the_wheel(wheel):
    files = {
        str(file.relative_to(ROOT))
        for package in PACKAGES
        for file in (ROOT / package).rglob("*")
        if file.is_file() and not MADE_HERE.intersection(file.parts)
    }

    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == files


@pytest.mark.parametrize(
    ("folder", "suffixes"),
    [
        ("adapters/migrations/versions/", {".py", ".sql"}),
        ("adapters/synthetic/profiles/", {".toml"}),
        ("lookup/web/docs/", {".html", ".css", ".js"}),
        ("lookup/web/page/", {".html", ".css", ".js"}),
    ],
)
def test_what_is_no_code_is_installed_too(wheel, folder, suffixes):
    names = [name for name in wheel.namelist() if name.startswith(folder)]

    assert {s for s in suffixes if any(name.endswith(s) for name in names)} == suffixes


def test_only_the_packages_are_installed(wheel):
    tops = {name.partition("/")[0] for name in wheel.namelist()}

    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_command_is_installed(wheel):
    [name] = [n for n in wheel.namelist() if n.endswith("/entry_points.txt")]

    assert "tracuu = lookup.cli:main" in wheel.read(name).decode()
