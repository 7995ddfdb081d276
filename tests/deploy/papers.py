"""Where the papers stand, and how they are read."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

PAPERS = sorted(
    paper
    for folder in (".", "deploy", "docs/samples", "loadtests", "tests")
    for paper in (ROOT / folder).glob("*.md")
)
"""Every page people read."""

_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")


def prose(text):
    """A page without its blocks of code."""
    return _FENCE.sub("", text)


def blocks(text):
    """The blocks of code of a page, one after the other."""
    return "\n".join(_FENCE.findall(text))


def quoted(text):
    """Everything between single backticks in the prose of a page."""
    return _CODE.findall(prose(text))
