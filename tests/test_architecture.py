"""What the house rules want and neither the linter nor the import contracts can hold.

A rule reads a tree of files and yields what breaks it. Every rule is kept by the
project, and every rule catches a breach that is planted in a tree of its own.
"""

import ast
import contextlib
import os
import re
import tokenize
import tomllib
from collections import Counter
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from statistics import median

import pytest

from tests import run

ROOT = Path(__file__).parents[1]

PACKAGES = ("lookup", "adapters", "cache", "loadtests", "deploy")

SOURCE_MAX_LINES = 300
TEST_FILE_MAX_LINES = 500
FUNCTION_MAX_LINES = 40
FUNCTION_MEDIAN_LINES = 8
TEST_MAX_LINES = 30
SUPPRESSIONS_MAX = 20
"""In what is installed; a test file has its own reasons, and says them too."""

TABLES = {"lookup/codes.py": "26 rows in two languages, one file to look them up in"}
"""Files that may be longer, because they are nothing but rows; and why."""

VENDORED = "swagger-ui*"
"""Files that others wrote, kept as they came."""

UNSPOKEN = tuple(
    "".join(halves)
    for halves in [
        *(("/wo", "rk/"), ("/ro", "ot/"), ("/ho", "me/")),
        *(("pypi", ".org"), ("files.python", "hosted"), ("registry.npm", "js")),
        *(("TO", "DO"), ("FIX", "ME")),
    ]
)
"""Machines, registries and debts no file may name. In halves: this file is read too."""

VAGUE = {"utils", "common", "manager", "core", "misc"}
"""Module names that say nothing."""

SUPPRESSION = re.compile(r"# (?:noqa|type: ignore)")
CODE_OF_SUPPRESSION = re.compile(r"(?:noqa: |type: ignore\[)([\w, -]+?)(?= - |\]|$)")


@cache
def parsed(file):
    return ast.parse(file.read_text())


@cache
def walked(file):
    return list(ast.walk(parsed(file)))


@cache
def lines_of(file):
    return file.read_text().splitlines()


def sources(root):
    return [file for name in PACKAGES for file in sorted((root / name).rglob("*.py"))]


def files_of_tests(root):
    return sorted((root / "tests").rglob("*.py"))


def nodes(root, kind, *, files=sources):
    """Every node of a kind, with the place to look at."""
    for file in files(root):
        for node in walked(file):
            if isinstance(node, kind):
                yield f"{file.relative_to(root)}:{getattr(node, 'lineno', 1)}", node


def texts(root):
    """Every text file that is not ignored or vendored, with its content."""
    ignore = root / ".gitignore"
    ignored = [".git", *(ignore.read_text().split() if ignore.exists() else ())]
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not is_ignored(name, ignored)]
        for name in names:
            if not is_ignored(name, [VENDORED, *ignored]):
                with contextlib.suppress(UnicodeDecodeError):
                    yield Path(folder, name), Path(folder, name).read_text()


def is_ignored(name, patterns):
    return any(fnmatch(name, pattern.rstrip("/")) for pattern in patterns)


def long_sources(root):
    for file in sources(root):
        name, length = str(file.relative_to(root)), len(lines_of(file))
        if length > SOURCE_MAX_LINES and name not in TABLES:
            yield f"{name}: {length} lines"


def long_test_files(root):
    for file in files_of_tests(root):
        length = len(lines_of(file))
        if length > TEST_FILE_MAX_LINES:
            yield f"{file.relative_to(root)}: {length} lines"


def long_functions(root):
    for place, node in functions(root, files=sources):
        if (length := code_lines(root, place, node)) > FUNCTION_MAX_LINES:
            yield f"{place} {node.name}: {length} lines of code"


def long_tests(root):
    for place, node in functions(root, files=files_of_tests):
        if (length := code_lines(root, place, node)) > TEST_MAX_LINES:
            yield f"{place} {node.name}: {length} lines of code"


def long_functions_on_the_whole(root):
    found = functions(root, files=sources)
    lengths = [code_lines(root, place, node) for place, node in found]
    if lengths and median(lengths) > FUNCTION_MEDIAN_LINES:
        yield f"the median function has {median(lengths)} lines of code"


def functions(root, *, files):
    return nodes(root, ast.FunctionDef | ast.AsyncFunctionDef, files=files)


def code_lines(root, place, node):
    """Lines of a function without its docstring, comments and empty lines."""
    lines = lines_of(root / place.partition(":")[0])
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    head = lines[node.lineno - 1 : node.body[0].lineno - 1]
    rest = lines[body[0].lineno - 1 : node.end_lineno] if body else []
    written = (line.strip() for line in head + rest)
    return sum(bool(line) and not line.startswith("#") for line in written)


def hidden_directions(root):
    """A type that needs TYPE_CHECKING says that an import runs the wrong way."""
    for place, node in nodes(root, ast.ImportFrom):
        if any(alias.name == "TYPE_CHECKING" for alias in node.names):
            yield place
    for place, node in nodes(root, ast.Attribute):
        if node.attr == "TYPE_CHECKING":
            yield place


def packages_with_content(root):
    for file in sources(root):
        tree = parsed(file)
        is_one_sentence = len(tree.body) == 1 and ast.get_docstring(tree)
        if file.name == "__init__.py" and not is_one_sentence:
            yield str(file.relative_to(root))


def modules_without_a_sentence(root):
    for file in sources(root):
        first = (ast.get_docstring(parsed(file)) or "").partition("\n")[0]
        if not re.fullmatch(r"(?:(?![.!?] [A-Z]).)+\.", first):
            yield f"{file.relative_to(root)}: {first!r}"


def effects_of_import(root):
    for file in sources(root):
        for node in parsed(file).body if file.name != "__main__.py" else ():
            is_call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
            if is_call or reads_environment(node):
                yield f"{file.relative_to(root)}:{node.lineno}"


def reads_environment(node):
    """Whether a statement outside functions and classes reads a variable."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    names = (n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute))
    return not {"environ", "getenv"}.isdisjoint(names)


def export_lists(root):
    for place, node in nodes(root, ast.Name):
        if node.id == "__all__":
            yield place


def second_addresses(root):
    """A name is imported from the module that defines it, from no other."""
    for files in (sources, files_of_tests):
        for place, node in nodes(root, ast.ImportFrom, files=files):
            borrowed = imported_by(root, node.module or "")
            for alias in node.names:
                if alias.name in borrowed or alias.name == alias.asname:
                    yield f"{place} {node.module}.{alias.name}"


def imported_by(root, module):
    file = root.joinpath(*module.split(".")).with_suffix(".py")
    if module.split(".")[0] not in PACKAGES or not file.exists():
        return set()
    imports = [
        n for n in parsed(file).body if isinstance(n, ast.Import | ast.ImportFrom)
    ]
    return {alias.asname or alias.name for node in imports for alias in node.names}


def prints(root):
    for place, node in nodes(root, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id == "print":
            yield place


def deep_families(root):
    """A class of ours may have one ancestor of ours; errors are a tree by nature."""
    parents = {
        node.name: [ast.unparse(base).partition("[")[0] for base in node.bases]
        for _, node in nodes(root, ast.ClassDef)
        if not node.name.endswith("Error")
    }
    for name, bases in parents.items():
        for base in bases:
            if any(grandparent in parents for grandparent in parents.get(base, ())):
                yield f"{name} under {base}"


def vague_modules(root):
    for file in [*sources(root), *files_of_tests(root)]:
        if {file.stem, file.parent.name} & VAGUE:
            yield str(file.relative_to(root))


def suppressions(root, *, files):
    """Every ``noqa`` and ``type: ignore``, with its file."""
    for file in files(root):
        if SUPPRESSION.search(file.read_text()):
            name = str(file.relative_to(root))
            yield from ((name, c) for c in comments(file) if SUPPRESSION.search(c))


def comments(file):
    with file.open("rb") as lines:
        tokens = list(tokenize.tokenize(lines.readline))
    return [token.string for token in tokens if token.type == tokenize.COMMENT]


def too_many_suppressions(root):
    per_file = Counter(name for name, _ in suppressions(root, files=sources))
    if per_file.total() > SUPPRESSIONS_MAX:
        yield f"{per_file.total()}, at most {SUPPRESSIONS_MAX}: {dict(per_file)}"


def unexplained_suppressions(root):
    """A code has its reason where it first stands in a file."""
    explained = set()
    for name, comment in [
        *suppressions(root, files=sources),
        *suppressions(root, files=files_of_tests),
    ]:
        codes = CODE_OF_SUPPRESSION.findall(comment)
        if codes and " - " in comment:
            explained.update((name, code) for code in codes)
        elif not codes or not explained.issuperset((name, code) for code in codes):
            yield f"{name}: {comment}"


def unspoken_words(root):
    for file, text in texts(root):
        name = str(file.relative_to(root))
        for word in UNSPOKEN:
            if word in text:
                line = text[: text.index(word)].count("\n") + 1
                yield f"{name}:{line}: {word}"
            elif word in name:
                yield f"{name}: {word}"


def long_function(lines):
    return "def long():\n" + "    x = 1\n" * (lines - 1)


FAMILY = "class A: ...\nclass B(A): ...\nclass C(B): ...\n"

BREACHES = {
    long_sources: ("lookup/x.py", "x = 1\n" * (SOURCE_MAX_LINES + 1)),
    long_test_files: ("tests/x.py", "x = 1\n" * (TEST_FILE_MAX_LINES + 1)),
    long_functions: ("lookup/x.py", long_function(FUNCTION_MAX_LINES + 1)),
    long_functions_on_the_whole: (
        "lookup/x.py",
        long_function(FUNCTION_MEDIAN_LINES + 1),
    ),
    long_tests: ("tests/x.py", long_function(TEST_MAX_LINES + 1)),
    hidden_directions: ("lookup/x.py", "from typing import TYPE_CHECKING\n"),
    packages_with_content: ("cache/__init__.py", '"""One."""\nx = 1\n'),
    modules_without_a_sentence: ("lookup/x.py", '"""One. And two."""\n'),
    effects_of_import: ("adapters/x.py", "connect()\n"),
    export_lists: ("lookup/x.py", '__all__ = ["x"]\n'),
    second_addresses: ("lookup/x.py", "from lookup.x import y as y\n"),
    prints: ("lookup/x.py", "def f():\n    print(1)\n"),
    deep_families: ("lookup/x.py", FAMILY),
    vague_modules: ("lookup/utils.py", ""),
    too_many_suppressions: ("lookup/x.py", "x = 1  # noqa: A - b\n" * 21),
    unexplained_suppressions: ("lookup/x.py", "x = 1  # noqa: A\n"),
    unspoken_words: ("notes.md", f"one\n{UNSPOKEN[0]}\n"),
}
"""Every rule, with a file that breaks it."""


@pytest.mark.parametrize("rule", BREACHES)
def test_project_keeps(rule):
    assert list(rule(ROOT)) == []


@pytest.mark.parametrize("rule", BREACHES)
def test_planted_breach_is_found_by(rule, tmp_path):
    name, text = BREACHES[rule]
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)

    assert len(list(rule(tmp_path))) == 1


def test_setting_that_is_read_at_import_is_found(tmp_path):
    (tmp_path / "lookup").mkdir()
    (tmp_path / "lookup/x.py").write_text('URL = os.environ["URL"]\n')

    assert list(effects_of_import(tmp_path)) == ["lookup/x.py:1"]


@pytest.mark.parametrize("word", UNSPOKEN)
def test_every_unspoken_word_is_found(word, tmp_path):
    (tmp_path / "notes.md").write_text(f"see {word} there")

    assert list(unspoken_words(tmp_path)) == [f"notes.md:1: {word}"]


def test_name_that_was_only_passed_on_is_found(tmp_path):
    (tmp_path / "lookup").mkdir()
    (tmp_path / "lookup/a.py").write_text("from lookup.codes import RESULTS\n")
    (tmp_path / "lookup/b.py").write_text("from lookup.a import RESULTS\n")

    assert list(second_addresses(tmp_path)) == ["lookup/b.py:1 lookup.a.RESULTS"]


def test_docstrings_comments_and_empty_lines_are_not_code(tmp_path):
    (tmp_path / "lookup").mkdir()
    quiet = '    """One.\n\n    Two.\n    """\n\n    # Why.\n'
    body = "    x = 1\n" * (FUNCTION_MAX_LINES - 1)
    (tmp_path / "lookup/x.py").write_text(f"def f():\n{quiet}{body}")

    assert list(long_functions(tmp_path)) == []


@pytest.mark.parametrize("name", TABLES)
def test_every_table_needs_its_exemption(name):
    assert len(lines_of(ROOT / name)) > SOURCE_MAX_LINES


def test_pure_modules_are_the_same_for_imports_and_for_coverage():
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    *_, meaning = tools["importlinter"]["contracts"]

    pure = {f"{name.replace('.', '/')}.py" for name in meaning["source_modules"]}

    assert {name for name in pure if not name.startswith("cache/")} == {
        name for name in run.PURE if not name.startswith("cache/")
    }
    assert [name for name in sorted(pure) if not (ROOT / name).exists()] == []
