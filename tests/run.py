"""Runs every tier, fast ones first, then holds the coverage to its two floors."""

import subprocess
import sys
import tomllib
from pathlib import Path

CONTRACTS = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["importlinter"]

MEANING = CONTRACTS["contracts"][-1]["source_modules"]
"""The pure modules, as the last import contract lists them."""

PURE = [f"{name.replace('.', '/')}.py" for name in MEANING]
FLOORS = {
    "pure modules and cache": ([*PURE, "cache/*"], 100),
    "everything": (["*"], 90),
}


def main() -> int:
    """Run the tests, then the floors; the last line is the test runner's count."""
    for old in Path().glob(".coverage*"):
        old.unlink()
    status, count = _tests(sys.argv[1:])
    if status == 0 and not sys.argv[1:]:
        status = _floors()
    print(count)  # noqa: T201 - a command speaks
    return status


def _tests(arguments: list[str]) -> tuple[int, str]:
    command = [
        *(sys.executable, "-m", "coverage", "run", "-m", "pytest"),
        # In order of the tiers, a file at a time, on two cores.
        *("-n", "2", "--dist", "loadfile"),
        *arguments,
    ]
    last = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as tests:
        assert tests.stdout
        for line in tests.stdout:
            print(line, end="", flush=True)  # noqa: T201
            last = line.strip() or last
    return tests.returncode, last


def _floors() -> int:
    coverage = [sys.executable, "-m", "coverage"]
    subprocess.run([*coverage, "combine", "--quiet"], check=True)
    worst = 0
    for name, (files, percent) in FLOORS.items():
        print(f"--- coverage of {name}, at least {percent} %", flush=True)  # noqa: T201
        report = [f"--include={','.join(files)}", f"--fail-under={percent}"]
        done = subprocess.run([*coverage, "report", *report], check=False)
        worst = max(worst, done.returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
