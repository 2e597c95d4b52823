"""The one place that writes the files of runs, studies and checkpoints: whole and lasting, or not.

A file is written beside its name, as ``NAME.<machine>-<process>-<chance>.part``, forced to the
disk, and renamed; the folder is forced to the disk as well, so that the name outlasts a power cut.
Under its own name a file is whole at any moment. While it is written its digest is taken, which
the manifest of the folder keeps::

    written = write_json(folder / "summary.json", summary)   # Written(digest, bytes)

    with open_new(folder / "big.npz") as file:               # any writer that takes a file object
        np.savez(file, **arrays)
    file.written                                             # known from here on

When the block fails the file does not appear, and what was written of it is removed. All raise
OSError when the disk does not take it; the caller says what that means.

Everything that changes the disk goes through :class:`Disk`. Tests put another in its place that
fails, or dies, at a certain call.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

from sim.core.errors import RunFolderError

__all__ = [
    "PART", "Disk", "NewFile", "Written", "alone", "digest_of", "json_text", "ledger",
    "make_folder", "make_new_folder", "measure", "open_new", "remove", "remove_leftovers",
    "use_disk", "write_bytes", "write_first", "write_json", "write_text",
]  # fmt: skip

PART: Final = ".part"
"""Ending of a file that is not whole yet, or that a killed process has left."""
_DIGEST_BYTES: Final = 16
_BUFFER_BYTES: Final = 1 << 20
"""So much is collected before it is written: Parquet comes in thousands of small pieces."""
_STALE_S: Final = 60.0
"""Age from which an unfinished file was left by a killed process, s: writing takes far less."""
_NO_SUCH_CALL: Final = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
"""What file systems answer that do not force folders to the disk."""
_NO_LINKS: Final = (*_NO_SUCH_CALL, errno.EPERM, errno.EMLINK, errno.EXDEV)
"""What file systems answer that know no hard links."""


@dataclass(frozen=True)
class Written:
    """What a file holds, in short; entries of a manifest are made of it."""

    digest: str
    """BLAKE2b of the content, 32 hex digits."""
    bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"digest": self.digest, "bytes": self.bytes}


class Disk:
    """The calls that change a disk, one method each."""

    def create(self, path: Path) -> int:
        """Make a file that must not be there yet; its descriptor, to write only."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)

    def write(self, descriptor: int, data: ReadableBuffer) -> int:
        """Write some of the data, at least a byte; how many bytes."""
        return os.write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        """Force a file to the disk."""
        os.fsync(descriptor)

    def rename(self, path: Path, to: Path) -> None:
        """Give a file another name, in place of a file of that name, in one step."""
        path.replace(to)

    def link(self, path: Path, to: Path) -> None:
        """Give a file a second name. Raises FileExistsError when there is a file of that name."""
        os.link(path, to)

    def unlink(self, path: Path) -> None:
        """Remove a file; nothing when it is not there."""
        path.unlink(missing_ok=True)

    def make_folder(self, path: Path) -> None:
        """Make a folder. Raises FileExistsError when there is something of that name."""
        path.mkdir()

    def sync_folder(self, path: Path) -> None:
        """Force the names in a folder to the disk."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in _NO_SUCH_CALL:
                raise
        finally:
            os.close(descriptor)


_disk = Disk()


@contextmanager
def use_disk(disk: Disk) -> Iterator[None]:
    """Inside, everything is written to another disk; for tests."""
    global _disk
    before, _disk = _disk, disk
    try:
        yield
    finally:
        _disk = before


_LEDGER: ContextVar[dict[Path, Written] | None] = ContextVar("ledger", default=None)


@contextmanager
def ledger() -> Iterator[dict[Path, Written]]:
    """Inside, this thread notes every file that takes its name: what it holds, by its path."""
    notes: dict[Path, Written] = {}
    token = _LEDGER.set(notes)
    try:
        yield notes
    finally:
        _LEDGER.reset(token)


class NewFile(io.RawIOBase):
    """A file that is being written, from its beginning to its end; there is no way back in it.

    It takes its name with :meth:`commit`. Closing it before that removes what was written. The
    folder must be there. Most callers want :func:`open_new`; this is for a file that stays open
    for long.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self._part = _part_of(path)
        self._hash = _new_hash()
        self._buffer = bytearray()
        self._size = 0
        self._written: Written | None = None
        self._descriptor: int | None = None
        self._descriptor = _disk.create(self._part)

    @property
    def written(self) -> Written:
        """What the file holds. Raises ValueError before :meth:`commit`."""
        if self._written is None:
            raise ValueError(f"{self.path}: is not finished yet")
        return self._written

    def writable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Bytes that were written so far."""
        return self._size

    def write(self, data: ReadableBuffer, /) -> int:
        """Take all of the data; how many bytes. Raises OSError."""
        if self._descriptor is None:
            raise ValueError(f"{self.path}: is closed")
        view = memoryview(data).cast("B")
        self._size += len(view)
        if len(self._buffer) + len(view) < _BUFFER_BYTES:
            self._buffer += view
            return len(view)
        self._drain()
        if len(view) < _BUFFER_BYTES:
            self._buffer += view
        else:
            self._put(view)
        return len(view)

    def _drain(self) -> None:
        if self._buffer:
            full, self._buffer = self._buffer, bytearray()
            self._put(memoryview(full))

    def _put(self, view: memoryview) -> None:
        assert self._descriptor is not None
        self._hash.update(view)
        while view:
            view = view[_disk.write(self._descriptor, view) :]

    def commit(self) -> Written:
        """Force the file to the disk and let it take its name; what it holds. Raises OSError."""
        return self._finish(lambda: _disk.rename(self._part, self.path))

    def commit_first(self) -> Written:
        """As :meth:`commit`, but in place of nothing.

        Raises FileExistsError when a file has that name by now: of many processes that try at
        once, one succeeds.
        """

        def take() -> None:
            try:
                _disk.link(self._part, self.path)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                # no hard links here: whoever makes the empty file may replace it by the whole one
                os.close(_disk.create(self.path))
                _disk.rename(self._part, self.path)
            else:
                _disk.unlink(self._part)

        return self._finish(take)

    def _finish(self, take_name: Callable[[], None]) -> Written:
        try:
            self._drain()
            assert self._descriptor is not None
            _disk.sync(self._descriptor)
            self._let_go()
            take_name()
            _disk.sync_folder(self.path.parent)
        except BaseException:
            self.close()
            raise
        self._written = Written(self._hash.hexdigest(), self._size)
        notes = _LEDGER.get()
        if notes is not None:
            notes[self.path] = self._written
        super().close()
        return self._written

    def _let_go(self) -> None:
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def close(self) -> None:
        """Remove what was written, unless the file has its name."""
        if self.closed:
            return
        super().close()
        if self._written is None and self.__dict__.get("_part") is not None:
            with suppress(OSError):
                self._let_go()
                _disk.unlink(self._part)


def _part_of(path: Path) -> Path:
    """A name of its own for each attempt, so that nobody writes into the file of another."""
    chance = os.urandom(4).hex()
    return path.with_name(f"{path.name}.{_machine()}-{os.getpid()}-{chance}{PART}")


def _machine() -> str:
    """The machine, in short: others may share a folder with it."""
    return hashlib.blake2b(socket.gethostname().encode(), digest_size=4).hexdigest()


def remove_leftovers(folder: Path, *, held: bool = False) -> None:
    """Remove unfinished files below a folder that killed processes have left.

    All of them when the folder is ``held``, so that no other process can be writing.
    """
    for path in folder.rglob(f"*{PART}"):
        try:
            if held or _is_left(path):
                remove(path)
        except OSError:
            continue  # another process finished or removed it


def _is_left(part: Path) -> bool:
    """Whether whoever wrote an unfinished file is gone: as a process here, or by its age."""
    import psutil

    machine, _, rest = part.name.removesuffix(PART).rpartition(".")[2].partition("-")
    process = rest.partition("-")[0]
    if machine == _machine() and process.isdigit() and not psutil.pid_exists(int(process)):
        return True
    return time.time() - part.stat().st_mtime > _STALE_S


@contextmanager
def open_new(path: Path) -> Iterator[NewFile]:
    """A file to write inside; at the end it takes its name, or when that fails does not appear.

    Makes the folder. ``written`` of the file is known after the block. Raises OSError.
    """
    make_folder(path.parent)
    with NewFile(path) as file:
        yield file
        file.commit()


def write_bytes(path: Path, data: ReadableBuffer) -> Written:
    """Write a whole file, in place of one that was there. Makes the folder. Raises OSError."""
    with open_new(path) as file:
        file.write(data)
    return file.written


def write_first(path: Path, data: ReadableBuffer) -> Written:
    """Write a whole file where none is: of many processes that try at once, one succeeds.

    The folder must be there. Raises FileExistsError for all others, and OSError.
    """
    with NewFile(path) as file:
        file.write(data)
        file.commit_first()
    return file.written


def write_text(path: Path, text: str) -> Written:
    """Write a whole text file as UTF-8. Makes the folder. Raises OSError."""
    return write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> Written:
    """Write JSON for people to read. Raises ValueError for NaN and infinities, and OSError."""
    return write_text(path, json_text(value))


def json_text(value: Any) -> str:
    """The text that :func:`write_json` writes."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def make_folder(path: Path) -> None:
    """Make a folder, with those above it, so that they last. Nothing when it is there."""
    if path.is_dir():
        return
    if path.parent != path:
        make_folder(path.parent)
    try:
        _disk.make_folder(path)
    except FileExistsError:
        if not path.is_dir():
            raise
        return
    _disk.sync_folder(path.parent)


def make_new_folder(path: Path) -> None:
    """Make a folder that must not be there yet. Raises FileExistsError when it is, and OSError."""
    _disk.make_folder(path)
    _disk.sync_folder(path.parent)


def remove(path: Path) -> None:
    """Remove a file so that it stays removed; nothing when it is not there. Raises OSError."""
    if path.exists():
        _disk.unlink(path)
        _disk.sync_folder(path.parent)


def digest_of(data: ReadableBuffer) -> str:
    """The digest of some content."""
    return _new_hash(data).hexdigest()


def _new_hash(data: ReadableBuffer = b"") -> hashlib.blake2b:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES)


def measure(path: Path) -> Written:
    """What a file on the disk holds. Raises OSError."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, _new_hash)
        return Written(digest.hexdigest(), file.tell())


@contextmanager
def alone(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """Inside, no other process is inside for the same folder; waits for it.

    Without ``wait`` a RunFolderError says that another one is. A process that is killed leaves.
    Where the file system knows no locks nobody waits.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise RunFolderError(
                f"{folder}: another command is at work in it; let it end, or stop it"
            ) from None
        except OSError:
            pass
        yield
    finally:
        os.close(descriptor)
