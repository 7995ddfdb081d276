"""How generated examples are made: the same in every run, and never timed."""

from hypothesis import settings

settings.register_profile("tracuu", database=None, deadline=None, derandomize=True)
settings.load_profile("tracuu")
