"""Disks that fail, or die with the process or with the power, at a certain call.

Everything that runs and studies write goes through ``sim.record.files.Disk``, so that a test can
let each single call fail in turn: :func:`calls_of` counts them.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from sim.record.files import Disk, use_disk

__all__ = ["FAULTS", "FaultyDisk", "Killed", "calls_of"]

FAULTS: Final = ("EIO", "ENOSPC", "kill", "power cut", "power cut, names stay")
"""What can happen at a call.

    EIO                       this call fails, later ones work
    ENOSPC                    this call and all others that need room fail
    kill                      the process is gone, in the middle of the call
    power cut                 so is all that was not forced to the disk, names and contents
    power cut, names stay     contents that were not forced to the disk are gone, names are not
"""


class Killed(BaseException):
    """The process would be gone; nothing that is done afterwards reaches the disk."""


class FaultyDisk(Disk):
    """A disk on which something happens at call ``at``, counted from 0; at none for None."""

    def __init__(self, fault: str = "", at: int | None = None) -> None:
        self.fault = fault
        self.at = at
        self.calls: list[str] = []
        """What was asked for so far."""
        self.dead = False
        self._files: dict[int, Path] = {}
        self._unforced: set[Path] = set()
        self._undo: list[tuple[Path, Callable[[], object]]] = []

    @property
    def happened(self) -> bool:
        """Whether the call has come at which something happens."""
        return self.at is not None and len(self.calls) > self.at

    def _call(
        self, name: str, half: Callable[[], object] = lambda: None, room: bool = True
    ) -> None:
        """Count a call, and let happen what is to happen; ``half`` is what is done of it then."""
        if self.dead:
            raise Killed
        number = len(self.calls)
        self.calls.append(name)
        if self.fault == "EIO" and number == self.at:
            half()
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if self.fault == "ENOSPC" and self.at is not None and number >= self.at and room:
            half()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if number == self.at:
            half()
            self.dead = True
            if self.fault.startswith("power cut"):
                self.cut_power()
            raise Killed

    def cut_power(self) -> None:
        """Lose what was not forced to the disk so far."""
        if self.fault != "power cut, names stay":
            for _, undo in reversed(self._undo):
                undo()
        for path in self._unforced:
            if path.exists():
                os.truncate(path, 0)

    def _name(self, path: Path, undo: Callable[[], object]) -> None:
        self._undo.append((path.parent, undo))

    def create(self, path: Path) -> int:
        """As of Disk."""
        self._call(f"create {path.name}")
        descriptor = super().create(path)
        self._files[descriptor] = path
        self._name(path, lambda: path.unlink(missing_ok=True))
        return descriptor

    def write(self, descriptor: int, data: Any) -> int:
        """As of Disk."""
        self._unforced.add(self._files[descriptor])
        self._call("write", lambda: os.write(descriptor, data[: len(data) // 2]))
        return super().write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        """As of Disk."""
        self._call("sync")
        super().sync(descriptor)
        self._unforced.discard(self._files[descriptor])

    def rename(self, path: Path, to: Path) -> None:
        """As of Disk."""
        self._call(f"rename to {to.name}", room=False)
        before = to.read_bytes() if to.exists() else None
        super().rename(path, to)
        if path in self._unforced:
            self._unforced.remove(path)
            self._unforced.add(to)

        def undo() -> None:
            to.rename(path)
            if before is not None:
                to.write_bytes(before)

        self._name(to, undo)

    def link(self, path: Path, to: Path) -> None:
        """As of Disk."""
        self._call(f"link to {to.name}")
        super().link(path, to)
        if path in self._unforced:
            self._unforced.add(to)
        self._name(to, lambda: to.unlink(missing_ok=True))

    def unlink(self, path: Path) -> None:
        """As of Disk."""
        self._call("unlink", room=False)
        before = path.read_bytes() if path.exists() else None
        super().unlink(path)
        if before is not None:
            content = before
            self._name(path, lambda: path.write_bytes(content))

    def make_folder(self, path: Path) -> None:
        """As of Disk."""
        self._call(f"make folder {path.name}")
        super().make_folder(path)
        self._name(path, path.rmdir)

    def sync_folder(self, path: Path) -> None:
        """As of Disk."""
        self._call(f"sync folder {path.name}")
        super().sync_folder(path)
        self._undo = [(folder, undo) for folder, undo in self._undo if folder != path]


def calls_of(work: Callable[[], object]) -> list[str]:
    """Every call with which some work changes the disk, in their order."""
    disk = FaultyDisk()
    with use_disk(disk):
        work()
    return disk.calls
