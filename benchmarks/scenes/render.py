"""Render scenes into a folder like CLEVR-XAI's: ``python -m benchmarks.scenes.render --folder FOLDER``.

A scene is written when it is done: picture, mask, and last its own file in ``scenes/``. A rendering that was stopped
goes on where it was when the same command is run again; at its end it writes the file of all scenes.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.scenes.drawing import VARIANTS, draw_scene
from benchmarks.scenes.layout import IMAGES, MASKS, SCENES_FILE, SETTINGS_FILE, scene_name, write_json

RECORDS = "scenes"
"""Folder of the scenes' own files."""

PROGRESS = 50
"""Scenes between two lines of progress."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command.

    Parameters
    ----------
    arguments : list of str, optional
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scenes.render", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="made if it is not there")
    parser.add_argument("--scenes", type=int, default=4000, help="how many")
    parser.add_argument("--first-seed", type=int, default=0, help="number of the first scene, and its seed")
    parser.add_argument("--size", type=int, default=128, help="pixels along each side")
    parser.add_argument("--variant", choices=VARIANTS, default="standard", help="what scenes are like")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = vars(parser.parse_args(arguments))
    try:
        render_scenes(**options)
    except (ValueError, ImportError, OSError) as error:
        parser.error(str(error))


def render_scenes(folder: Path, scenes: int, first_seed: int, size: int, variant: str, threads: int) -> None:
    """Render the scenes that a folder lacks, and write the file of all that were asked for.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    scenes, first_seed : int
        How many, and the number of the first.
    size : int
        Pixels along each side.
    variant : str
        A key of ``VARIANTS``.
    threads : int

    Raises
    ------
    ValueError
        If a number is out of range, or the folder has scenes of another variant or size.
    ModuleNotFoundError
        If scenes are to be rendered, and Blender is missing.
    """
    limits = (("scenes", scenes, 1), ("first-seed", first_seed, 0), ("size", size, 32), ("threads", threads, 1))
    for name, number, least in limits:
        if number < least:
            raise ValueError(f"--{name} is {number}; it must be at least {least}.")
    for part in (IMAGES, MASKS, RECORDS):
        (folder / part).mkdir(parents=True, exist_ok=True)
    _settle(folder, {"variant": variant, "size": size})
    numbers = range(first_seed, first_seed + scenes)
    missing = [number for number in numbers if not _is_done(folder, scene_name(number))]
    print(f"{scenes - len(missing)} of {scenes} scenes are already done", flush=True)
    if missing:
        _render(folder, missing, size, variant, threads)
    records = [json.loads((folder / RECORDS / f"{scene_name(number)}.json").read_text()) for number in numbers]
    write_json(folder / SCENES_FILE, {"info": {"split": "unique", "variant": variant, "size": size}, "scenes": records})
    print(f"written to {folder / SCENES_FILE}")


def _settle(folder: Path, settings: dict[str, Any]) -> None:
    """Note what is rendered into a folder, or refuse if it is something else than before."""
    path = folder / SETTINGS_FILE
    if not path.exists():
        write_json(path, settings)
    before = json.loads(path.read_text())
    if before != settings:
        raise ValueError(
            f"{folder} has scenes of variant {before['variant']!r} at {before['size']} pixels; "
            f"choose another --folder for {settings['variant']!r} at {settings['size']}."
        )


def _is_done(folder: Path, name: str) -> bool:
    files = (folder / IMAGES / f"{name}.png", folder / MASKS / f"{name}.png", folder / RECORDS / f"{name}.json")
    return all(file.exists() for file in files)


def _render(folder: Path, numbers: list[int], size: int, variant: str, threads: int) -> None:
    """Render scenes one after the other."""
    try:
        from benchmarks.scenes import blender
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"Blender as a Python module is missing ({error}); run `make scenes`, which installs it for Python 3.11."
        ) from error
    with _without_output():
        blender.prepare(size, threads)
    start = time.perf_counter()
    for i, number in enumerate(numbers, start=1):
        drawn = draw_scene(number, variant)
        files = [folder / part / f"{drawn.name}.png" for part in (IMAGES, MASKS)]
        unfinished = [file.with_name(f".{file.name}") for file in files]
        with _without_output():
            blender.render(drawn, *unfinished)
        for file, done in zip(unfinished, files, strict=True):
            os.replace(file, done)
        write_json(folder / RECORDS / f"{drawn.name}.json", drawn.record())
        if i % PROGRESS == 0 or i == len(numbers):
            print(f"{i} of {len(numbers)}, {(time.perf_counter() - start) / i:.2f} s a scene", flush=True)


@contextmanager
def _without_output() -> Iterator[None]:
    """Context without Blender's hundreds of lines a picture, which it does not write through Python."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


if __name__ == "__main__":
    main()
