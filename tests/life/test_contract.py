"""The contract that is served, held against the service by a tool of others."""

import asyncio
import threading

import pytest
import schemathesis
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
)

from tests.support.desk import KEY, Desk


@pytest.fixture(scope="module")
def service_url():
    """A service over fakes in a thread of its own."""
    started, stop, place = threading.Event(), asyncio.Event(), {}

    async def serve():
        runner = web.AppRunner(Desk().app(), access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        place["loop"] = asyncio.get_running_loop()
        place["port"] = runner.addresses[0][1]
        started.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    started.wait()
    yield f"http://127.0.0.1:{place['port']}"
    place["loop"].call_soon_threadsafe(stop.set)
    thread.join()


@pytest.fixture(scope="module")
def contract(service_url):
    return schemathesis.openapi.from_url(f"{service_url}/openapi.json")


NO_CHECKS = {
    # A schema cannot tell 31 April from a date, so a valid one may be refused.
    "/v1/lookups": [positive_data_acceptance],
    # Of a batch, only the lookup that is not valid is refused, on its line.
    "/v1/lookups/batch": [positive_data_acceptance, negative_data_rejection],
}
"""What is not held against an answer, by path."""


@pytest.mark.parametrize("path", NO_CHECKS)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_as_the_contract_says(contract, mode, path):
    questions = contract[path]["POST"].as_strategy(generation_mode=mode)

    @given(case=questions)
    @settings(
        max_examples=150,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def each(case):
        case.call_and_validate(
            headers={"Authorization": f"Bearer {KEY}"},
            excluded_checks=NO_CHECKS[path],
        )

    each()
