"""What a person should know of the machine: a line on standard error, and what cannot go on.

The lines go to the logger ``foryou``. Where nobody has set up logging, Python writes its warnings
to standard error; the command line prints them like its own messages.
"""

from __future__ import annotations

import logging
import threading

__all__ = ["MachineError", "logger", "notice"]

logger = logging.getLogger("foryou")
"""Where notices go, as warnings."""


class MachineError(Exception):
    """Python is set up so that nothing can run; the message says what to change."""


_told: set[str] = set()
_lock = threading.Lock()


def notice(text: str, about: str = "") -> None:
    """Tell a person one line; the same one, or another ``about`` the same, once in a process."""
    with _lock:
        if (about or text) in _told:
            return
        _told.add(about or text)
    logger.warning("%s", text)
