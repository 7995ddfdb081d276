"""Everything that talks to another machine, except the cache."""
