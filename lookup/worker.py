"""One worker process: ``python -m lookup.worker``, started by ``lookup.supervisor``.

It is no command of its own, so that it starts without what only commands need.
"""

import argparse
import asyncio
import gc
import os
from collections.abc import Sequence
from pathlib import Path

import uvloop

from lookup.app import open_app
from lookup.clock import SystemClock
from lookup.events import open_events, take_library_logs
from lookup.metrics import attach_metrics
from lookup.parts import Parts
from lookup.settings import Settings
from lookup.supervisor import Handover
from lookup.web.serving import Inherited, serve

GC_THRESHOLD = 50_000
"""Lookups leave little garbage in cycles; collecting seldom keeps the tail short."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Answer lookups until SIGTERM comes or the parent is gone."""
    handover = _handover(arguments)
    settings = Settings.read(os.environ)
    events = open_events(settings.log_level, worker=handover.worker)
    take_library_logs(events)
    metrics = attach_metrics(handover.metrics_path, handover.worker)
    parts = Parts(settings, SystemClock(), metrics, events, handover.worker)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(parts, handover))


def _handover(arguments: Sequence[str] | None) -> Handover:
    parser = argparse.ArgumentParser(prog="lookup.worker")
    parser.add_argument("--id", dest="worker", type=int, required=True)
    parser.add_argument("--fd", dest="listen_fd", type=int, required=True)
    parser.add_argument("--parent-fd", type=int, required=True)
    parser.add_argument("--metrics", dest="metrics_path", type=Path, required=True)
    parser.add_argument("--held", dest="is_held", action="store_true")
    return Handover(**vars(parser.parse_args(arguments)))


async def _work(parts: Parts, handover: Handover) -> None:
    async with open_app(parts) as app:
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD)
        await serve(
            app,
            Inherited(handover.listen_fd, handover.parent_fd, handover.is_held),
            deadline_s=parts.settings.deadline_s,
            metrics=parts.metrics,
        )


if __name__ == "__main__":
    main()
