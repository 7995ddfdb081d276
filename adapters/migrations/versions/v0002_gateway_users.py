"""Revision 0002: accounts of the insurer's protocol, and the clients' officers."""

from typing import NoReturn

from adapters.migrations.forward import execute_beside, refuse

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Execute the SQL beside this module."""
    execute_beside(__file__)


def downgrade() -> NoReturn:
    """Refuse."""
    refuse()
