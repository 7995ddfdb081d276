"""The command ``tracuu`` as a person types it, and SQL beside it."""

import asyncio
import os

import asyncpg
from click.testing import CliRunner

from lookup.cli import main
from lookup.settings import PREFIX


class CommandLine:
    """Runs commands in this process, in a folder and an environment of their own."""

    def __init__(self, folder, monkeypatch):
        for name in os.environ:
            if name.startswith(PREFIX):
                monkeypatch.delenv(name)
        monkeypatch.chdir(folder)
        self.folder = folder
        self._environ = {"COLUMNS": "200"}

    def set(self, **environ):
        """Set variables for all commands to come."""
        self._environ |= environ

    def run(self, *words, typed=None):
        """Run a command; an error that it does not handle fails the test."""
        return CliRunner().invoke(
            main, words, input=typed, env=self._environ, catch_exceptions=False
        )


def tell(database_url, statement):
    """Run SQL, in a loop of its own."""

    async def execute():
        connection = await asyncpg.connect(database_url)
        try:
            return await connection.execute(statement)
        finally:
            await connection.close()

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(execute())
