"""Revision 0005: the audit as chains of lines, carried here from the workers' files."""

from typing import NoReturn

from adapters.migrations.forward import execute_beside, refuse

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Execute the SQL beside this module."""
    execute_beside(__file__)


def downgrade() -> NoReturn:
    """Refuse."""
    refuse()
