"""Why no population could be made; the message says what to change."""


class SyntheticError(Exception):
    """Root of what goes wrong here; never raised itself."""


class ProfileError(SyntheticError):
    """A profile cannot be used; ``faults`` holds every reason, each with its name."""

    def __init__(self, name: str, faults: tuple[str, ...]) -> None:
        super().__init__(f"profile {name}: " + "; ".join(faults))
        self.faults = faults


class RecipeError(SyntheticError):
    """A population cannot be made this way; the message says which value is wrong."""


class SeedingError(SyntheticError):
    """The population cannot be loaded into, or read from, this database."""
