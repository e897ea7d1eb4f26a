"""Files are replaced whole or not at all, keep their modes and links, and nothing is left behind."""

import os
import signal
import stat
import subprocess
import sys
import time

import pytest

from agop_tabular.core import atomic
from agop_tabular.core.atomic import replacing

WRITER = """
import sys, time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

spec = spec_from_file_location("atomic", sys.argv[3])
atomic = module_from_spec(spec)
spec.loader.exec_module(atomic)
with atomic.replacing(Path(sys.argv[1])) as place:
    place.write_bytes(b"half")
    print("writing", flush=True)
    sys.stdout = None
    time.sleep(float(sys.argv[2]))
"""


def write(path, content):
    with replacing(path) as place:
        place.write_bytes(content)


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.agop"


@pytest.fixture
def umask():
    def with_mask(mask):
        os.umask(mask)

    before = os.umask(0o022)
    yield with_mask
    os.umask(before)


def start(path, seconds):
    """Another process that writes to the same place, for some time."""
    # The module alone, since the whole package takes seconds to import.
    command = [sys.executable, "-c", WRITER, str(path), str(seconds), atomic.__file__]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE)
    with writer.stdout as out:
        assert out.readline().strip() == b"writing"
    return writer


def test_replaces_a_file(path):
    write(path, b"one")
    write(path, b"two")
    assert path.read_bytes() == b"two"
    assert names(path.parent) == ["model.agop"]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_nothing_changes_after_an_error(path, error):
    write(path, b"one")
    with pytest.raises(error), replacing(path) as place:
        place.write_bytes(b"half")
        raise error
    assert path.read_bytes() == b"one"
    assert names(path.parent) == ["model.agop"]


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_mode_of_the_umask(path, umask, mask, mode):
    umask(mask)
    write(path, b"one")
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o444])
def test_a_file_keeps_its_mode(path, umask, mode):
    umask(0o022)
    path.write_bytes(b"one")
    path.chmod(mode)
    write(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize("there", [True, False])
def test_links_are_followed(tmp_path, path, there):
    target = tmp_path / "store" / "real.agop"
    target.parent.mkdir()
    if there:
        target.write_bytes(b"one")
    (tmp_path / "between.agop").symlink_to(target)
    path.symlink_to("between.agop")
    write(path, b"two")
    assert path.is_symlink()
    assert target.read_bytes() == path.read_bytes() == b"two"
    assert not target.is_symlink()
    assert names(target.parent) == ["real.agop"]


def test_what_is_no_file_is_not_replaced(tmp_path, path):
    with pytest.raises(FileNotFoundError, match="does not exist; make it first"):
        write(tmp_path / "none" / "model.agop", b"one")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        write(tmp_path, b"one")
    os.mkfifo(path)
    with pytest.raises(OSError, match="not a regular file"):
        write(path, b"one")
    path.unlink()
    path.symlink_to(path.name)
    with pytest.raises(OSError, match="not a regular file"):
        write(path, b"one")
    assert names(tmp_path) == ["model.agop"]


def test_what_killed_processes_left_is_removed(path):
    for _ in range(3):
        writer = start(path, 60)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        assert len(names(path.parent)) == 1, "the one before is removed already"
    (path.parent / f".{path.name}.0123456789abcdef.part").mkdir()  # of a process that was killed at once
    write(path, b"two")
    assert names(path.parent) == ["model.agop"]
    assert path.read_bytes() == b"two"


def test_others_files_stay(path):
    others = [
        "model.agop.part",
        "model.agopabcdefgh.part",
        ".model.agop.0123456789abcdef.part",
        ".other.agop.0123456789abcdef.part",
    ]
    for name in others:
        (path.parent / name).write_bytes(b"mine")
    (path.parent / ".model.agop.fedcba9876543210.part").mkdir()
    (path.parent / ".model.agop.fedcba9876543210.part" / "notes").write_bytes(b"mine")
    write(path, b"one")
    assert names(path.parent) == sorted([*others, ".model.agop.fedcba9876543210.part", "model.agop"])


def test_what_is_being_written_stays(path):
    writer = start(path, 1.5)
    write(path, b"two")
    assert path.read_bytes() == b"two"
    assert writer.wait(timeout=30) == 0
    assert path.read_bytes() == b"half", "it came last"
    assert names(path.parent) == ["model.agop"]


def test_many_at_once(path):
    writers = [start(path, 0.05) for _ in range(4)]
    until = time.monotonic() + 1
    while time.monotonic() < until:
        write(path, b"mine")
        assert path.read_bytes() in (b"mine", b"half")
    assert [writer.wait(timeout=30) for writer in writers] == [0] * 4
    assert names(path.parent) == ["model.agop"]
