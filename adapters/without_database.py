"""What a service without a database lacks: gateway accounts and used assertions."""

from datetime import datetime

from lookup.errors import SourceUnavailableError


class NoAccounts:
    """A ``GatewayDirectory`` of nobody: everyone is told that they are unknown."""

    def find(self, username: str, now: datetime) -> None:
        """Nobody."""

    async def sign_in(self, username: str, password_md5: str, now: datetime) -> None:
        """Nobody."""


class NoAssertions:
    """An ``AssertionLog`` that cannot remember, so no access token is given."""

    async def use(self, client_id: str, jti: str, *, until: datetime) -> bool:
        """Refuse; nobody has a key here that would lead so far.

        Raises:
            SourceUnavailableError: Always.
        """
        del client_id, jti, until
        raise SourceUnavailableError("access tokens need a database")
