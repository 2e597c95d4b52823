"""Ctrl-C and SIGTERM during a run: the first asks, the second insists.

Raising wherever the program happens to be would hit compilers and C callbacks, which swallow the
exception or turn it into another. So the first Ctrl-C is noticed at the next progress report.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Final

from sim.cli.console import complain

__all__ = ["Interrupt", "terminable"]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def _raise(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def terminable() -> Iterator[None]:
    """Within, SIGTERM does what Ctrl-C does, unless it is ignored."""
    before = signal.getsignal(signal.SIGTERM)
    if threading.current_thread() is threading.main_thread() and before is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _raise)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)
    else:
        yield


class Interrupt:
    """Watches for Ctrl-C and SIGTERM in a ``with`` block; ``when`` says when the first acts."""

    def __init__(self, when: str = "at the next refresh") -> None:
        self._when = when
        self._asked = 0
        self._before: dict[signal.Signals, Any] = {}

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
        if threading.current_thread() is threading.main_thread():
            for one in _SIGNALS:
                if signal.getsignal(one) is not signal.SIG_IGN:  # as it is under nohup
                    self._before[one] = signal.signal(one, self._notice)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for one, before in self._before.items():
            signal.signal(one, before)
