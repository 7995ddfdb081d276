"""The same lookup by FastAPI, pydantic, SQLAlchemy and redis.asyncio under uvicorn.

``python -m loadtests.peers.fastapi_peer --port P [--bare]`` answers ``POST
/v1/lookups`` over the database of ``TRACUU_DATABASE_URL`` and the Redis of
``TRACUU_REDIS_URL``: same request, same answer, same identity matching, same audit
row before the answer. It is written as a team would write it that knows these
libraries and takes the way that their handbooks show:

- uvicorn with uvloop and httptools, one worker, no access log; collections of garbage
  are made rare, as is usual where latency counts.
- The answer is a pydantic model that is returned, so that FastAPI prints it in Rust.
- One session of SQLAlchemy over asyncpg for each lookup, from one pool; it begins a
  transaction with its first statement and commits before the answer. No ping before a
  connection is used.
- The fewest statements that its models ask for without writing SQL by hand: two for
  coverage, three more for health. Statements are prepared once per connection.
- Cache-aside in Redis, all facets by one MGET, with hiredis. What is kept is the
  record, not the answer, because the answer hangs on the claim and on the day.
- An API key is looked up once and remembered for half a minute.
- prometheus-client as its handbook shows it: a counter and a histogram with labels.
- One INSERT into ``audit_log`` for each lookup, committed before the answer; as a
  statement, because ``session.add`` costs more.

What it leaves out, to its advantage: the worklist, deadlines, stale answers, changes
that reach the cache, encryption of what is kept.

``--bare`` leaves out the key, the metrics and the audit as well.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import uuid4

import click
from fastapi import Depends, FastAPI, Request, status
from fastapi.responses import JSONResponse
from prometheus_client import make_asgi_app
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import async_sessionmaker

from loadtests.peers.callers import EVERYBODY, Caller, Callers, current_caller
from loadtests.peers.engine import open_engine
from loadtests.peers.ledger import Ledger
from loadtests.peers.lookups import Lookups
from loadtests.peers.record_cache import RecordCache
from loadtests.peers.serving import serve, variable
from loadtests.peers.wire import LookupIn, LookupOut
from lookup.errors import InvalidRequestError, NotAllowedError

REDIS_CONNECTIONS_MAX = 512
"""Of one process: no lookup may fail because the pool is too small."""


@click.command()
@click.option("--port", type=int, required=True, help="0 for any that is free.")
@click.option("--bare", is_flag=True, help="No key, no metrics, no audit.")
def main(*, port: int, bare: bool) -> None:
    """Answer lookups until told to end."""
    database_url = variable("TRACUU_DATABASE_URL")
    redis_url = variable("TRACUU_REDIS_URL")
    serve(make_app(database_url, redis_url, is_bare=bare), port)


def make_app(database_url: str, redis_url: str, *, is_bare: bool) -> FastAPI:
    """The application; its connections live as long as it runs."""
    engine = open_engine(database_url)
    redis = Redis.from_url(redis_url, max_connections=REDIS_CONNECTIONS_MAX)
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await redis.aclose()
        await engine.dispose()

    app = FastAPI(title="Lookup", lifespan=lifespan)
    app.add_exception_handler(InvalidRequestError, invalid)
    app.add_exception_handler(NotAllowedError, not_allowed)
    app.post("/v1/lookups")(look_up)
    ledger = None if is_bare else Ledger()
    app.state.callers = Callers(sessions)
    app.state.lookups = Lookups(sessions, RecordCache(redis), ledger)
    if ledger is None:
        app.dependency_overrides[current_caller] = everybody
    else:
        app.mount("/metrics", make_asgi_app(ledger.registry))
    return app


async def look_up(
    sent: LookupIn,
    request: Request,
    caller: Annotated[Caller, Depends(current_caller)],
) -> LookupOut:
    """Answer one lookup."""
    lookups: Lookups = request.app.state.lookups
    request_id = request.headers.get("X-Request-Id") or str(uuid4())
    return await lookups.look_up(sent, caller, request_id=request_id)


async def everybody() -> Caller:
    """Nobody is asked for a key."""
    return EVERYBODY


async def invalid(_: Request, error: Exception) -> JSONResponse:
    """Say what is wrong with a request."""
    return JSONResponse({"detail": str(error)}, status.HTTP_400_BAD_REQUEST)


async def not_allowed(_: Request, error: Exception) -> JSONResponse:
    """Say which scope is missing."""
    return JSONResponse({"detail": str(error)}, status.HTTP_403_FORBIDDEN)


if __name__ == "__main__":
    main()
