"""A process that writes lookups down, says so, and is killed in the midst of it."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from tests.support.audits import opened_audit
from tests.support.entries import an_entry

ASKERS = 8
TOLD = 100
"""Then it kills itself."""


async def main(folder, *, is_guarded):
    told = 0

    def tell(request_id):
        nonlocal told
        told += 1
        os.write(1, f"{request_id}\n".encode())
        if told == TOLD:
            os.kill(os.getpid(), signal.SIGKILL)

    async def ask(audit, asker):
        for number in range(TOLD):
            request_id = f"{asker}-{number}"
            if not is_guarded:
                tell(request_id)
            await audit.record(an_entry(request_id=request_id))
            if is_guarded:
                tell(request_id)

    async with opened_audit(folder) as audit:
        await asyncio.gather(*(ask(audit, asker) for asker in range(ASKERS)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), is_guarded=sys.argv[2] == "guarded"))
