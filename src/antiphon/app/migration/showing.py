"""How far a move is, on the terminal."""

from typing import Self

from rich.console import Console
from rich.progress import Progress, TaskID, TextColumn, TimeElapsedColumn


class Bars:
    """A line for each thing that is copied or verified."""

    def __init__(self, *, hidden: bool) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<18}"),
            TextColumn("{task.completed:>12,.0f}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            disable=hidden,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._progress.stop()

    def show(self, stage: str, thing: str, count: int) -> None:
        """Draw that ``count`` more were dealt with."""
        told = f"{thing} {stage}"
        if told not in self._tasks:
            self._tasks[told] = self._progress.add_task(told, total=None)
        self._progress.advance(self._tasks[told], count)
