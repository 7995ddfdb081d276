"""What takes minutes or an hour: ``make test-long``."""
