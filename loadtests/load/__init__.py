"""Puts a load on the service, as a province does in a morning."""
