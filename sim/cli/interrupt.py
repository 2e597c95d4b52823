"""Ctrl-C during a run: the first asks, the second insists.

Raising wherever the program happens to be would hit compilers and C callbacks, which swallow the
exception or turn it into another. So the first Ctrl-C is noticed at the next progress report.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from sim.cli.console import complain

__all__ = ["Interrupt"]


class Interrupt:
    """Watches for Ctrl-C inside a ``with`` block; ``when`` says when the first one acts."""

    def __init__(self, when: str = "at the next refresh") -> None:
        self._when = when
        self._asked = 0
        self._before: Any = None

    @property
    def insisted(self) -> bool:
        """Whether Ctrl-C came twice; then any exception may be its doing."""
        return self._asked > 1

    def check(self) -> None:
        """Raise ``KeyboardInterrupt`` if Ctrl-C was pressed."""
        if self._asked:
            raise KeyboardInterrupt

    def _notice(self, _signal: int, _frame: FrameType | None) -> None:
        self._asked += 1
        if self.insisted:
            raise KeyboardInterrupt
        complain(f"stopping {self._when}; Ctrl-C again stops at once")

    def __enter__(self) -> Interrupt:
        ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # as under nohup
        if threading.current_thread() is threading.main_thread() and not ignored:
            self._before = signal.signal(signal.SIGINT, self._notice)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
