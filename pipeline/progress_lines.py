"""Progress where there is no terminal to draw a bar on: a few lines."""

from __future__ import annotations

from rich.console import Console

from components.progress import Progress


class ProgressLines:
    """Prints a line every so often: so many until all is done, whatever is counted and however often that is told."""

    def __init__(self, console: Console, most: int) -> None:
        self._console, self._most = console, most
        self.begin()

    def begin(self) -> None:
        """Something new is begun, with lines of its own."""
        self._printed, self._done = 0, 0

    def show(self, progress: Progress, figures: str) -> None:
        """Prints a line if it is time for one: of an unknown total, whenever there is twice as much."""
        if progress.total is None:
            if progress.done >= 2 * self._done:
                self._done = progress.done
                self._console.print(f"  {progress.done:,} {progress.unit}  {figures}")
        elif progress.done * self._most >= (self._printed + 1) * progress.total:
            self._printed = progress.done * self._most // max(progress.total, 1)
            self._console.print(f"  {progress.done:,}/{progress.total:,} {progress.unit}  {figures}")
