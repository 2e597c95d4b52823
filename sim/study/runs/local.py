"""Executors on this machine: in this process, or in worker processes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import IO, Final, Self

from sim.core.errors import StudyError
from sim.study.runs.outcome import Outcome, evaluate, failure
from sim.study.runs.plan import RunSpec
from sim.study.runs.worker import SINGLE_THREADED

__all__ = ["ATTEMPTS", "InProcess", "LocalProcesses", "lost"]

ATTEMPTS: Final = 3
"""So often a run is started whose workers are killed."""


class InProcess:
    """One run after the other in this process."""

    def __init__(self) -> None:
        self.workers = 1
        self._queue: deque[RunSpec] = deque()

    def submit(self, spec: RunSpec) -> None:
        """Take a run; it is done by :meth:`wait`."""
        self._queue.append(spec)

    def wait(self, timeout: float | None = None) -> list[Outcome]:
        """Do the next run, however long it takes; empty when there is none."""
        del timeout
        return [evaluate(self._queue.popleft())] if self._queue else []

    def cancel(self) -> None:
        """Forget what waits."""
        self._queue.clear()

    def close(self) -> None:
        """Forget what waits."""
        self._queue.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass
class _Task:
    spec: RunSpec
    attempts: int = 0


@dataclass(eq=False)
class _Worker:
    process: subprocess.Popen[bytes]
    connection: Connection[RunSpec, Outcome | None]
    errors: IO[bytes]
    """What the process prints as errors."""
    task: _Task | None = None
    ready: bool = False
    """Whether the process has come so far that it can run something."""

    @property
    def lives(self) -> bool:
        """Whether the process has not ended yet."""
        return self.process.poll() is None

    def stop(self) -> None:
        """End the process at once."""
        self.connection.close()
        self.process.kill()
        self.process.wait()
        self.errors.close()

    def last_words(self) -> str:
        """The last line that a dead process left, after it has been waited for."""
        self.errors.seek(0)
        lines = self.errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else ""


class LocalProcesses:
    """Worker processes that stay for many runs.

    They are fresh interpreters, not forks, and need no ``if __name__ == "__main__"`` in the
    program that starts them. A run whose worker is killed is done again. Ctrl-C in a terminal
    reaches this process alone.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._queue: deque[_Task] = deque()
        self._workers: list[_Worker] = []
        self._ready: list[Outcome] = []

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers that live."""
        return [worker.process.pid for worker in self._workers]

    def submit(self, spec: RunSpec) -> None:
        """Take a run; it starts at once when a worker is free."""
        self._queue.append(_Task(spec))
        self._hand_out()

    def wait(self, timeout: float | None = None) -> list[Outcome]:
        """Outcomes that have come, at most ``timeout`` seconds later; empty when all is done."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._ready:
            busy = [worker for worker in self._workers if worker.task is not None]
            if not busy:
                break
            left = None if deadline is None else max(deadline - time.monotonic(), 0.0)
            ready = set(wait([worker.connection for worker in busy], left))
            if not ready:
                break
            for worker in busy:
                if worker.connection in ready:
                    self._hear(worker)
            self._hand_out()
        found, self._ready = self._ready, []
        return found

    def _hear(self, worker: _Worker) -> None:
        """Take what a worker sent, or notice that it is gone."""
        try:
            outcome = worker.connection.recv()
        except (EOFError, OSError):
            self._bury(worker)
            return
        if outcome is None:
            worker.ready = True
        else:
            worker.task = None
            self._ready.append(outcome)

    def _bury(self, worker: _Worker) -> None:
        """Give the run of a dead worker to the next one, or give it up."""
        self._workers.remove(worker)
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.process.wait(timeout=5.0)  # its end of the socket closes a moment before
        code = worker.process.poll()
        words = worker.last_words()
        worker.stop()
        task = worker.task
        if task is None:
            return
        if not worker.ready and code is not None and code > 0:
            raise StudyError(f"a worker process does not start: {words or f'exit code {code}'}")
        if task.attempts < ATTEMPTS:
            self._queue.appendleft(task)
        else:
            self._ready.append(failure(task.spec, lost(task.attempts, _ending(code, words))))

    def _hand_out(self) -> None:
        """Give waiting runs to free workers, and start workers as long as fewer are allowed."""
        while self._queue:
            for worker in [w for w in self._workers if w.task is None and not w.lives]:
                self._bury(worker)  # nothing was lost with it
            free = [worker for worker in self._workers if worker.task is None]
            if len(self._workers) - len(free) >= self.workers:
                return
            worker = free[0] if free else self._start()
            task = self._queue.popleft()
            task.attempts += 1
            worker.task = task
            # a worker that has died meanwhile is noticed by wait()
            with contextlib.suppress(OSError):
                worker.connection.send(task.spec)

    def _start(self) -> _Worker:
        """A new worker process, with the import path of this one."""
        _compile_first()
        here, there = socket.socketpair()
        errors = tempfile.TemporaryFile()  # noqa: SIM115  closed by _Worker.stop
        code = (
            "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
            "from sim.study.runs.worker import serve; serve(int(sys.argv[2]))"
        )
        paths = json.dumps([str(path) for path in sys.path])
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-c", code, paths, str(there.fileno())],
                env={**os.environ, **SINGLE_THREADED},
                pass_fds=[there.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
        except OSError as error:
            here.close()
            errors.close()
            raise StudyError(f"a worker process cannot be started: {error}") from error
        finally:
            there.close()
        connection: Connection[RunSpec, Outcome | None] = Connection(here.detach())
        worker = _Worker(process, connection, errors)
        self._workers.append(worker)
        return worker

    def cancel(self) -> None:
        """Forget what waits and end the workers that are busy."""
        self._queue.clear()
        self._ready.clear()
        for worker in [w for w in self._workers if w.task is not None]:
            self._workers.remove(worker)
            worker.stop()

    def close(self) -> None:
        """End all workers."""
        self.cancel()
        while self._workers:
            self._workers.pop().stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def lost(attempts: int, ending: str) -> str:
    """The error of a run that was given up because its workers did not survive it."""
    return f"its worker {ending} in each of {attempts} attempts"


def _ending(code: int | None, words: str) -> str:
    """How a process ended, in words."""
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        return f"was killed ({name}" + (
            ", perhaps for want of memory)" if name == "SIGKILL" else ")"
        )
    return f"ended with exit code {code}" + (f" ({words})" if words else "")


def _compile_first() -> None:
    """Compile in one process what all workers would compile at the same time."""
    from sim.simulate import compile_engine

    compile_engine()
