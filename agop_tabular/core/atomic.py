"""Write a file whole or not at all: beside its place first, in a folder that no other process touches.

A process that is killed leaves its folder behind. The next one that writes to the same place removes it: every folder
has a file that its owner keeps locked, and the lock ends with the process.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where a file that is open cannot be removed, which tells as much as a lock
    fcntl = None  # type: ignore[assignment]

LOCK, CONTENT = "agop_tabular.lock", "content"
"""Files in a temporary folder."""

ALL_MAY = 0o666
"""Mode of a new file, from which the process's umask takes away."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Context that yields where to write; at its end what was written takes the place of a file.

    A link is followed, a file that is there keeps its mode, and a new one gets that of the umask. After an error
    nothing has changed. Everything in this package that writes a file writes it here.

    Parameters
    ----------
    path : Path

    Yields
    ------
    Path
        Not there yet.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, OSError
        Where there is no such folder, something that is no file is in the way, or the system refuses to write there.
    """
    try:
        target = _target(path)
        _remove_left_behind(target)
        with _own_folder(target) as (folder, mode):
            content = folder / CONTENT
            yield content
            os.chmod(content, stat.S_IMODE(target.stat().st_mode) if target.exists() else mode)
            with open(content, "r+b") as file:
                os.fsync(file.fileno())  # else a crash of the machine could leave an empty file under the name
            os.replace(content, target)
    except OSError as error:
        if error.errno is None:  # a sentence already; the system's errors have a number, and name a temporary file
            raise
        reason = os.strerror(error.errno)
        raise type(error)(f"{path} cannot be written ({reason}); choose another place.") from error


def _target(path: Path) -> Path:
    """The file that is to be replaced, which a link may lead to."""
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"The folder {target.parent} does not exist; make it first.")
    if target.is_dir():
        raise IsADirectoryError(f"{path} is a folder; name a file in it.")
    if os.path.lexists(target) and not target.is_file():
        raise OSError(f"{path} is not a regular file, and would be replaced by one; choose another name.")
    return target


@contextmanager
def _own_folder(target: Path) -> Iterator[tuple[Path, int]]:
    """Context with a new folder beside a file, locked; yields it and the mode of a new file."""
    while True:
        folder = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
        os.mkdir(folder, 0o700)
        try:
            lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR, ALL_MAY)
        except FileNotFoundError:  # another process took the empty folder for left behind
            continue
        if fcntl is not None:
            with suppress(OSError):  # some network drives have no locks; nobody removes a folder there then
                fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / LOCK).exists():
            break
        os.close(lock)  # as above, before it was locked
    try:
        yield folder, stat.S_IMODE(os.fstat(lock).st_mode)
    finally:
        os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left_behind(target: Path) -> None:
    """Remove the folders of processes that were killed while they wrote to this file."""
    pattern = re.compile(re.escape(f".{target.name}.") + r"[0-9a-f]{16}\.part")
    with suppress(OSError):
        for folder in [Path(entry) for entry in os.scandir(target.parent) if pattern.fullmatch(entry.name)]:
            if folder.is_dir() and not folder.is_symlink():
                with suppress(OSError):
                    _remove_unless_locked(folder)


def _remove_unless_locked(folder: Path) -> None:
    """Remove a folder of ours if its owner does not hold its lock any more."""
    if not (folder / LOCK).exists():
        folder.rmdir()  # fails unless it is empty, as the folder of a process that was killed at once
        return
    if fcntl is None:
        (folder / LOCK).unlink()  # fails while it is open
        shutil.rmtree(folder)
        return
    lock = os.open(folder / LOCK, os.O_RDWR)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while its owner holds it
        shutil.rmtree(folder)
    finally:
        os.close(lock)
