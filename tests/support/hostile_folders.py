"""Places that cannot be written to: a folder that is not ours, and a disk that is full."""

import os
import resource
import tempfile
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534
"""The user that has nothing; root may write to any folder, so tests that run as root become that user."""

FEW = 64
"""Bytes of the longest file on the disk that is full."""


@contextmanager
def read_only_folder(files):
    """A folder with some files, by name and content, that the process may read and not write to."""
    with tempfile.TemporaryDirectory() as outer:  # pytest's own folders may not be entered by another user
        os.chmod(outer, 0o755)
        folder = Path(outer) / "read-only"
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
            (folder / name).chmod(0o644)
        folder.chmod(0o555)
        root = os.geteuid() == 0
        if root:
            os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            if root:
                os.seteuid(0)
            folder.chmod(0o755)


@contextmanager
def full_disk():
    """No file of this process may get longer than some bytes: what the system says of a full disk, half-way through."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FEW, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
