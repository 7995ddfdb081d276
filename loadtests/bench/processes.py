"""What processes of this machine have used of its processors; Linux only.

Source: proc(5), fields 4 (parent), 14 (user time) and 15 (system time) of
``/proc/PID/stat``.
"""

import os
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_s_by_process(root: int) -> dict[int, float]:
    """Processor seconds, user and system, of a process and all that descend from it.

    Those that have ended are left out; so is everything when the root has ended.
    """
    stats = _stats()
    children: dict[int, list[int]] = {}
    for pid, (parent, _) in stats.items():
        children.setdefault(parent, []).append(pid)
    family = [root] if root in stats else []
    for pid in family:
        family.extend(children.get(pid, ()))
    return {pid: stats[pid][1] for pid in family}


def _stats() -> dict[int, tuple[int, float]]:
    """Parent and processor seconds of every process."""
    found = {}
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            # It may end while it is being looked at.
            with suppress(OSError):
                found[int(folder.name)] = _parsed((folder / "stat").read_text())
    return found


def _parsed(stat: str) -> tuple[int, float]:
    """A program's name may hold spaces and brackets; nothing after it does."""
    fields = stat.rpartition(")")[2].split()
    return int(fields[1]), (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
