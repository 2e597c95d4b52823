"""A worker process: takes specifications from a socket and sends outcomes back.

The first message, None, says that it is ready. It ends when the other end of the socket is
closed, also in the middle of a run. That happens without anybody's doing when the process of
the study is killed.
"""

from __future__ import annotations

import os
import queue
import signal
import threading
import traceback
from multiprocessing.connection import Connection
from typing import Final

from sim.study.runs.outcome import evaluate
from sim.study.runs.plan import RunSpec

__all__ = ["SINGLE_THREADED", "serve"]

SINGLE_THREADED: Final = dict.fromkeys(
    (
        "POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    ),
    "1",
)  # fmt: skip
"""Environment of a worker: there is one a core, so none needs threads of its own."""


def serve(handle: int) -> None:
    """Work on the socket with this file descriptor until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the study; it tells its workers
    connection: Connection[object, RunSpec] = Connection(handle)
    inbox: queue.SimpleQueue[RunSpec] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, inbox), daemon=True).start()
    try:
        connection.send(None)  # ready
        while True:
            connection.send(evaluate(inbox.get()))
    except OSError:
        os._exit(0)


def _listen(connection: Connection[object, RunSpec], inbox: queue.SimpleQueue[RunSpec]) -> None:
    """Put into the inbox what comes; a thread, so that the end is noticed during a run."""
    try:
        while True:
            inbox.put(connection.recv())
    except (EOFError, OSError):
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
