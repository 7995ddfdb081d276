"""Faults that a person can put right, told in a sentence instead of a trace."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import click

from lookup.administration import KIND_ERRORS
from lookup.ask import AskError
from lookup.demo_facts import DemoError
from lookup.settings import SettingsError

P = ParamSpec("P")


def kindly(command: Callable[P, None]) -> Callable[P, None]:
    """Turn faults that a person can put right into a message and an exit code."""

    @wraps(command)
    def kind(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except SettingsError as error:
            for fault in error.faults:
                click.echo(fault, err=True)
            click.echo("All settings: tracuu settings", err=True)
            sys.exit(2)
        except (*KIND_ERRORS, AskError, DemoError) as error:
            click.echo(f"{error}", err=True)
            sys.exit(1)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            place = f"{error.filename}: " if error.filename else ""
            click.echo(f"{place}{reason}", err=True)
            sys.exit(1)

    return kind
