"""Which assertions were used, remembered for all workers in the population database.

Only a client with a registered key gets this far, so a stranger cannot fill the table.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from adapters.postgres import FAILURES, Database, RawConnection, close
from lookup.errors import SourceUnavailableError

_USE = """
INSERT INTO used_assertions (client_id, jti_hash, expires_at)
VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING true
"""


@dataclass(frozen=True, slots=True)
class UsedAssertions:
    """Remembers assertions until they have expired."""

    database: Database

    async def use(self, client_id: str, jti: str, *, until: datetime) -> bool:
        """Whether this is the first use, as the port ``AssertionLog`` promises.

        Opens a connection for it: a client asks for a token once in minutes.
        """
        try:
            connection = await self.database.connect("tracuu-tokens")
            try:
                return await self._insert(connection, client_id, jti, until=until)
            finally:
                await close(connection)
        except FAILURES as error:
            reason = f"PostgreSQL failed: {type(error).__name__}"
            raise SourceUnavailableError(reason) from None

    async def prune(self) -> None:
        """Forget assertions that have expired.

        Raises:
            FAILURES: The database failed.
        """
        connection = await self.database.connect("tracuu-tokens")
        try:
            await connection.execute(
                "DELETE FROM used_assertions WHERE expires_at < now()"
            )
        finally:
            await close(connection)

    async def _insert(
        self,
        connection: RawConnection,
        client_id: str,
        jti: str,
        *,
        until: datetime,
    ) -> bool:
        jti_hash = hashlib.sha256(jti.encode()).digest()
        return await connection.fetchval(_USE, client_id, jti_hash, until) is not None
