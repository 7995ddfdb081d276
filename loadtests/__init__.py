"""Load on the service, and what it costs beside a baseline."""
