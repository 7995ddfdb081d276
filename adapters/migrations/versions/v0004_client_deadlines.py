"""Revision 0004: how long each client waits for a lookup."""

from typing import NoReturn

from adapters.migrations.forward import execute_beside, refuse

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Execute the SQL beside this module."""
    execute_beside(__file__)


def downgrade() -> NoReturn:
    """Refuse."""
    refuse()
