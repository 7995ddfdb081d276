"""Revision 0001: the population, its outbox, clients, audit log and worklist."""

from typing import NoReturn

from adapters.migrations.forward import execute_beside, refuse

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Execute the SQL beside this module."""
    execute_beside(__file__)


def downgrade() -> NoReturn:
    """Refuse."""
    refuse()
