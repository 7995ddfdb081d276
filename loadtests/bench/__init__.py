"""Compares the service with its peers and with what the machine can do."""
