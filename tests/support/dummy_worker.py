"""A worker that says who it is, for tests of the processes around the real one."""

import argparse
import asyncio
import os
from pathlib import Path

import uvloop
from aiohttp import web

from lookup.metrics import Metrics, attach_metrics
from lookup.web.routes import SHORT_WAY
from lookup.web.serving import Inherited, serve


def dummy_app(metrics: Metrics) -> web.Application:
    """Tells its process, counts a lookup for each question, dies when asked to."""

    async def who(_: web.BaseRequest) -> web.Response:
        metrics.lookup_answered(
            outcome="active",
            code="000",
            source="memory",
            channel="api",
            duration_s=0.001,
        )
        return web.json_response({"pid": os.getpid()})

    async def slow(_: web.Request) -> web.Response:
        await asyncio.sleep(0.5)
        return web.json_response({"pid": os.getpid()})

    async def stuck(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    app = web.Application()
    app.add_routes(
        [web.get("/who", who), web.get("/slow", slow), web.get("/stuck", stuck)]
    )
    app[SHORT_WAY] = who
    return app


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--id", type=int)
    parser.add_argument("--fd", type=int)
    parser.add_argument("--parent-fd", type=int)
    parser.add_argument("--metrics", type=Path)
    given = parser.parse_args()
    metrics = attach_metrics(given.metrics, given.id)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(
            serve(
                dummy_app(metrics),
                Inherited(given.fd, given.parent_fd),
                deadline_s=1.0,
                metrics=metrics,
            )
        )


if __name__ == "__main__":
    main()
