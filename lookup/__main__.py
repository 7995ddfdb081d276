"""``python -m lookup`` is the command ``tracuu``."""

from lookup.cli import main

main()
