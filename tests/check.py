"""Runs every check, also after one has failed, and counts at the end."""

import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent

CHECKS = {
    "format": [BIN / "ruff", "format", "--check", "--quiet", "."],
    "lint": [BIN / "ruff", "check", "--quiet", "."],
    "types": [BIN / "mypy"],
    "import contracts": [BIN / "lint-imports"],
    "unit tests": [
        *(sys.executable, "-m", "pytest", "-q"),
        *("tests/test_architecture.py", "tests/unit"),
    ],
}


def main() -> int:
    """Run the checks one after the other; 1 if any failed."""
    failed = []
    for name, command in CHECKS.items():
        print(f"--- {name}", flush=True)  # noqa: T201 - a command speaks
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
    for name in failed:
        print(f"FAILED: {name}")  # noqa: T201
    print(f"{len(CHECKS) - len(failed)} of {len(CHECKS)} checks passed")  # noqa: T201
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
