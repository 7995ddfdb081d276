"""The whole province on one machine: its size, its loading, and its bad moments."""
