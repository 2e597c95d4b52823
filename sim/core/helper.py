"""Another Python process that gets ready while this one works, and then does one task.

To import a module may take as long as the work for which it is needed; a second core does it
meanwhile. Whoever asks for help must be able to do without: a helper may fail for reasons that
have nothing to do with the task, so its failure is only told, not explained.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from typing import Any

__all__ = ["Helper", "cores"]

_GRACE_S = 5.0
"""Time to tidy up for a process that is to end."""


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Helper:
    """A process that runs ``python -m module``, which reads its task from its standard input.

    The task is one line of JSON; a module that is given none is to end. What the process prints
    is dropped.
    """

    def __init__(self, module: str) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        with suppress(OSError):  # a process that cannot start is one that failed
            # -P: the folder in which the user happens to be is no place to import from
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", module], stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip

    def begin(self, task: Any) -> None:
        """Hand over the task, anything that JSON can say."""
        if self._process is None or self._process.stdin is None:
            return
        try:
            with self._process.stdin as pipe:
                pipe.write(json.dumps(task).encode() + b"\n")
        except OSError:
            self.stop()

    def finish(self) -> bool:
        """Wait for the end of the task; whether it was done."""
        return self._process is not None and self._process.wait() == 0

    def stop(self) -> None:
        """End the process, whatever it does. Can be called at any time, and more than once."""
        if self._process is None:
            return
        if self._process.stdin is not None:
            with suppress(OSError):  # it may have ended before
                self._process.stdin.close()
        self._process.terminate()
        try:
            self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
