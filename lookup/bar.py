"""The progress bar of long work, on standard error so that output stays clean."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn


@contextmanager
def bar_of(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar inside the block; what it yields takes how much is done.

    Work of which nothing is left shows no bar.
    """
    progress = Progress(
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    bar = progress.add_task(what, total=total)

    def moved_to(done: int) -> None:
        progress.start()
        progress.update(bar, completed=done)

    try:
        yield moved_to
    finally:
        if progress.live.is_started:
            progress.stop()
