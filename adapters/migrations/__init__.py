"""The population database's shape, step by step, forward only."""
