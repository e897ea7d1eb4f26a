"""Read a fitted model from the file of another library, or a saved explainer from ours.

What a file is, its first bytes say, not its name. Files that are programs are loaded only where the user trusts them.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agop_tabular.results.facts import named_list

PICKLED = b"\x80"
"""First byte of a pickle of protocol 2, which is of 2003, or later."""

OLD_TORCH = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
"""First bytes of what torch wrote before 1.6, which is no zip file: a pickle of its magic number."""

COMPRESSED = (b"\x78", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x5d\x00", b"\x04\x22\x4d\x18", b"ZF")
"""First bytes of what joblib compresses: by zlib, gzip, bz2, xz, lzma, lz4, and in its own old format."""

ZIPPED = b"PK\x03\x04"
"""First bytes of a zip file."""

HEADER_LENGTH = 8
"""Bytes before the header of a file of safetensors, which is JSON."""

SHOWN = 5
"""Types in a file of skops that a message names."""


@dataclass(frozen=True)
class Program:
    """A kind of file that is loaded by running what is in it.

    Attributes
    ----------
    name : str
        As in "a.pt is …".
    load : callable
        From the path to a model.
    """

    name: str
    load: Callable[[Path], Any]


def load_model(path: Path, *, trust: bool, say: Callable[[str], None]) -> Any:
    """What is in a model's file.

    Parameters
    ----------
    path : Path
        Of joblib, pickle, skops or torch (a whole module, TorchScript, or an exported program), or one that
        ``AGOPExplainer.save`` wrote.
    trust : bool
        Whether a file may be loaded that runs code.
    say : callable
        Gets a sentence before such a file is loaded.

    Returns
    -------
    object
        A model; or an AGOPExplainer.

    Raises
    ------
    ValueError, OSError
        Where the file is none of these, is not trusted, or does not hold a model.
    """
    kind = _kind(path)
    if kind == "explainer":
        from agop_tabular.explainer import AGOPExplainer

        return AGOPExplainer.load(path)
    if kind == "skops":
        model = _from_skops(path, trust)
    else:
        program = PROGRAMS[kind]
        if not trust:
            raise ValueError(
                f"{path} is {program.name}, and loading it runs the code in it: add --trust if you trust its author."
            )
        say(f"{path} is {program.name}: loading it runs the code in it, as --trust allows.")
        model = _run(program, path)
    _check(model, path)
    return model


def _kind(path: Path) -> str:
    """What a file is: "explainer", "skops", or a key of PROGRAMS."""
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; name the file of a model.")
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}.")
    with open(path, "rb") as file:
        start = file.read(len(OLD_TORCH))
    if start[HEADER_LENGTH:].startswith(b"{"):
        return "explainer"
    if start.startswith(ZIPPED):
        names = zipfile.ZipFile(path).namelist() if zipfile.is_zipfile(path) else []
        if "schema.json" in names:
            return "skops"
        last = {name.rpartition("/")[2] for name in names}
        if "archive_format" in last or "serialized_exported_program.json" in last:  # from torch 2.8 on, and before
            return "exported"
        if "constants.pkl" in last:
            return "script"
        if "data.pkl" in last:
            return "module"
    elif start.startswith((PICKLED, *COMPRESSED)):
        return "module" if start == OLD_TORCH else "pickle"
    raise ValueError(f"{path} holds no model: it is no file of joblib, pickle, skops, torch or AGOPExplainer.save.")


def _from_skops(path: Path, trust: bool) -> Any:
    """A model that skops wrote; types that it does not know to be safe need trust."""
    try:
        import skops.io
    except ImportError as error:
        raise ImportError(f"{path} is a file of skops, which is not installed: pip install skops") from error
    try:
        unknown = skops.io.get_untrusted_types(file=path)
        if not unknown or trust:
            return skops.io.load(path, trusted=unknown)
    except Exception as error:  # whatever a damaged file makes of it
        raise ValueError(f"{path} cannot be loaded ({_in_short(error)}); save the model again.") from error
    raise ValueError(
        f"{path} holds types that skops does not know to be safe ({named_list(unknown, SHOWN)}): add --trust if you "
        "trust its author."
    )


def _run(program: Program, path: Path) -> Any:
    """Load a file that runs code, and so may raise anything."""
    try:
        return program.load(path)
    except ModuleNotFoundError as error:
        raise ValueError(
            f"{path} needs the module {error.name}, which cannot be imported here; install it, or name the folder that "
            "it is in by PYTHONPATH."
        ) from error
    except AttributeError as error:
        raise ValueError(
            f"{path} needs a class that is not where it was when it was saved ({_in_short(error)}); define it in a "
            "module that can be imported, not in a script or notebook, and save the model again."
        ) from error
    except Exception as error:
        raise ValueError(f"{path} cannot be loaded ({_in_short(error)}); save the model again.") from error


def _check(model: Any, path: Path) -> None:
    """Raise unless what was loaded can be a model."""
    from torch import Tensor, nn

    if isinstance(model, nn.Module) or hasattr(model, "predict"):
        return
    if isinstance(model, dict) and model and all(isinstance(value, Tensor) for value in model.values()):
        raise ValueError(
            f"{path} holds the weights of a network without the network (a state dict); load them into it, and save "
            "the whole with torch.save(module, path)."
        )
    raise ValueError(f"{path} holds an object of type {type(model).__name__}, which is no model.")


def _in_short(error: Exception) -> str:
    """An error's kind and the first line of what it says."""
    said = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _load_pickle(path: Path) -> Any:
    import joblib

    return joblib.load(path)


def _load_module(path: Path) -> Any:
    import torch

    return torch.load(path, map_location="cpu", weights_only=False)


def _load_script(path: Path) -> Any:
    import torch

    return torch.jit.load(path, map_location="cpu")


def _load_exported(path: Path) -> Any:
    import torch

    return torch.export.load(path).module()


PROGRAMS = {
    "pickle": Program("a pickle", _load_pickle),
    "module": Program("a pickle of torch", _load_module),
    "script": Program("a program in TorchScript", _load_script),
    "exported": Program("a program that torch exported", _load_exported),
}
"""Files that run code."""
