"""Revision 0003: the clients' public keys, and which assertions they have used."""

from typing import NoReturn

from adapters.migrations.forward import execute_beside, refuse

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Execute the SQL beside this module."""
    execute_beside(__file__)


def downgrade() -> NoReturn:
    """Refuse."""
    refuse()
