"""Runs on Ray: on a cluster that is there, or on one started here for the study.

Nothing of a run depends on where it is done, so the outcomes are those of any other executor.
Every machine of a cluster needs this package in the same version, and the user's own
components, if a scenario has any, at the same path.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Self

from sim.core.errors import ForyouError, StudyError
from sim.core.helper import cores
from sim.study.runs.local import ATTEMPTS, lost
from sim.study.runs.outcome import Outcome, evaluate, failure
from sim.study.runs.plan import RESULTS_VERSION, RunSpec
from sim.study.runs.worker import SINGLE_THREADED

__all__ = ["RayWorkers"]

_OBJECT_STORE_BYTES: Final = 1 << 27
"""Memory for what Ray passes between processes: scenarios and summaries, which are small."""
_ANSWER_S: Final = 5.0
"""Time in which a cluster has to take a connection, s."""
_LOOPBACK: Final = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Set to 0 before Ray is imported, it makes Ray listen on the loopback interface alone."""


class RayWorkers:
    """Ray tasks, one a run. A run whose worker is killed is done again."""

    def __init__(self, workers: int | None = None, address: str | None = None) -> None:
        """Connect to the cluster at ``address``, or start one on this machine.

        Without ``workers`` as many runs go side by side as the cluster has cores. Raises
        ForyouError when Ray is not installed, and when no cluster answers.
        """
        self.remote = address not in (None, "local")
        """Whether runs may go to other machines, whose memory is not known here."""
        self._ray = _import_ray(self.remote)
        self._owner = not self._ray.is_initialized()
        if self._owner:
            _connect(self._ray, workers, address if self.remote else "local")
        found = int(self._ray.cluster_resources().get("CPU", 1.0))
        self.workers = workers or max(found, 1)
        self._evaluate = self._ray.remote(num_cpus=1, max_retries=ATTEMPTS - 1)(_evaluate)
        self._queue: deque[RunSpec] = deque()
        self._running: dict[Any, RunSpec] = {}

    def submit(self, spec: RunSpec) -> None:
        """Take a run; it starts when Ray has a free core."""
        self._queue.append(spec)
        self._hand_out()

    def _hand_out(self) -> None:
        while self._queue and len(self._running) < self.workers:
            spec = self._queue.popleft()
            self._running[self._evaluate.remote(spec, RESULTS_VERSION)] = spec

    def wait(self, timeout: float | None = None) -> list[Outcome]:
        """Outcomes that have come, at most ``timeout`` seconds later; empty when all is done."""
        if not self._running:
            return []
        references = list(self._running)
        ready, _ = self._ray.wait(references, num_returns=1, timeout=timeout)
        if ready:  # others may have come at the same time
            ready, _ = self._ray.wait(references, num_returns=len(references), timeout=0)
        outcomes = [self._fetch(reference, self._running.pop(reference)) for reference in ready]
        self._hand_out()
        return outcomes

    def _fetch(self, reference: Any, spec: RunSpec) -> Outcome:
        """The outcome of a task that is over, however it ended."""
        errors = self._ray.exceptions
        try:
            outcome = self._ray.get(reference)
        except (errors.WorkerCrashedError, errors.OutOfMemoryError, errors.NodeDiedError):
            return failure(spec, lost(ATTEMPTS, "was lost"))
        except errors.RayTaskError as error:
            return failure(spec, f"Ray could not run it: {' '.join(str(error.cause).split())}")
        except errors.RayError as error:
            raise StudyError(
                f"the connection to Ray is lost ({type(error).__name__}); runs that are done "
                "stay, start the same study again to go on"
            ) from error
        assert isinstance(outcome, Outcome)
        return outcome

    def cancel(self) -> None:
        """Forget what waits and stop what runs."""
        self._queue.clear()
        for reference in self._running:
            self._ray.cancel(reference, force=True)
        self._running.clear()

    def close(self) -> None:
        """Stop what runs; a cluster that was started here ends, another one stays."""
        if self._ray.is_initialized():
            self.cancel()
            if self._owner:
                self._ray.shutdown()
        self._owner = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _evaluate(spec: RunSpec, version: int) -> Outcome:
    """What a task does, on the machine where it does it."""
    if version != RESULTS_VERSION:
        here = f"version {RESULTS_VERSION} of results, the study {version}"
        return failure(spec, f"a machine of the cluster has {here}; install the same foryou")
    return evaluate(spec)


def _import_ray(remote: bool) -> Any:
    """The package, told to keep to itself. Raises ForyouError when it is not installed."""
    if "ray" not in sys.modules:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        # it would print messages about killed workers amid the output of the study
        os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", "^")
        if not remote:
            os.environ.setdefault(_LOOPBACK, "0")
    elif remote and os.environ.get(_LOOPBACK) == "0":
        raise ForyouError(
            "Ray was started on this machine alone before; connect to a cluster from a new process"
        )
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise ForyouError(
            'the executor ray needs Ray, which is not installed; pip install "foryou[cluster]"'
        ) from error
    return ray


def _connect(ray: Any, workers: int | None, address: str | None) -> None:
    """Start Ray here, or find the cluster at an address."""
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    environment: dict[str, str] = {}
    if address == "local":
        options |= {
            "num_cpus": workers or cores(),
            "include_dashboard": False,
            "object_store_memory": _OBJECT_STORE_BYTES,
        }
        # Ray itself would try a run that memory is too small for again without end
        environment = {**SINGLE_THREADED, "RAY_task_oom_retries": str(ATTEMPTS - 1)}
    else:
        _see_that_it_answers(str(address))
        options["runtime_env"] = {"env_vars": dict(SINGLE_THREADED)}
    try:
        with _environment(environment):
            ray.init(address=address, **options)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        if address == "local":
            raise ForyouError(f"Ray does not start: {reason}") from error
        raise _no_answer(str(address), reason) from error


def _see_that_it_answers(address: str) -> None:
    """ForyouError if nobody listens at ``host:port``: Ray would try for many minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdigit():
        return  # a word that only Ray understands, such as auto
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_S).close()
    except (OSError, OverflowError) as error:
        raise _no_answer(address, str(error)) from error


def _no_answer(address: str, reason: str) -> ForyouError:
    return ForyouError(
        f"no Ray cluster answers at {address}: {reason}; start one with: ray start --head. "
        "For a cluster that asks for a token, set RAY_AUTH_MODE=token"
    )


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Environment variables for processes that are started meanwhile."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
