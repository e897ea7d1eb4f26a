"""One file for a fitted explainer: safetensors for the statistics, JSON in its header for the rest.

A checksum tells a file that was damaged. It tells nothing of who wrote it, so whatever a file says is checked against
what is declared of it (``header``, ``contents``) before anything is built.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from agop_tabular.core.tensor_file import write_tensors
from agop_tabular.persistence.contents import check_values, declared
from agop_tabular.persistence.header import FORMAT, Header, parse_header
from agop_tabular.persistence.saved_explainer import SavedExplainer, connected, images_from_json
from agop_tabular.persistence.specs import DTYPES, shapes_of
from agop_tabular.persistence.typed_json import LARGEST_TEXT

__all__ = ["CHECKSUM", "FORMAT", "HEADER", "SavedExplainer", "image_state", "load", "save"]

HEADER, CHECKSUM = "agop_tabular", "checksum"
"""Entries of the metadata of the safetensors file."""

UNCOVERED = 5
"""Last format whose checksum leaves out dtypes and shapes."""


def save(saved: SavedExplainer, path: str | os.PathLike[str]) -> None:
    """Write a fitted explainer, whole or not at all.

    Parameters
    ----------
    saved : SavedExplainer
    path : str or path-like
        A link is followed; a file that is there keeps its mode.

    Raises
    ------
    FileNotFoundError, OSError
        Where the folder does not exist, or the file cannot be written.
    ValueError
        Where something could not be read again, such as labels of a type that a file cannot hold.
    """
    try:
        header, tensors = saved.to_file()
        text = header.to_json()
        if len(text) > LARGEST_TEXT:
            raise ValueError(f"its header has more than {LARGEST_TEXT} characters")
        check_values(header, declared(header, tensors), tensors)
    except ValueError as error:
        raise ValueError(f"This explainer cannot be saved: {error}") from error
    write_tensors(Path(path), tensors, {HEADER: text, CHECKSUM: checksum_of(text, tensors)})


def load(path: str | os.PathLike[str], estimator: Any, device: Any = None) -> SavedExplainer:
    """Read a file that :func:`save` wrote, in this format or an earlier one.

    Parameters
    ----------
    path : str or path-like
    estimator : object or None
        The fitted estimator that was explained.
    device : str, torch.device or None
        Where to compute. None for where the explainer was saved if this machine has it, otherwise for where the
        estimator is.

    Raises
    ------
    ValueError
        Where the file is truncated, altered, or of a newer format, the estimator has another width, or there is no such
        device.
    """
    header, tensors = _read(Path(path))
    saved = SavedExplainer.from_file(header, tensors)
    fitted = saved.fitted | {"device": _usable_device(device, saved.fitted.get("device"))}
    params = saved.params | {"device": _usable_device(device, saved.params.get("device"))}
    saved = replace(saved, params=params, fitted=fitted)
    if estimator is None:
        return saved
    model = connected(saved, estimator, fitted["device"])
    saved.network.warn_of_another(model, saved.statistics.coordinates)
    return replace(saved, model=model)


def image_state(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What :func:`save` kept of images.

    Raises
    ------
    ValueError
        Where it is the file of an explainer of tables.
    """
    images = images_from_json(_read(Path(path))[0].images)
    if images is None:
        raise ValueError(f"{path} holds an explainer of tables; read it with AGOPExplainer.load.")
    return images


def _usable_device(wanted: Any, recorded: str | None) -> Any:
    """The device that is wanted, or the recorded one where this machine has it; None for where the estimator is."""
    device = recorded if wanted is None else wanted
    if device is None:
        return None
    try:
        torch.zeros(1).to(device).item()  # fails without the device, and on "meta", which holds no values
    except (RuntimeError, AssertionError, NotImplementedError, TypeError, ImportError) as error:
        if wanted is None:
            return None
        raise ValueError(
            f"device={device!r} cannot be used on this machine; device=None computes where the estimator is."
        ) from error
    return device


def _read(path: Path) -> tuple[Header, dict[str, Tensor]]:
    """Header and tensors of a file, once they are found to be whole and such as :func:`save` writes them."""
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; name the file that was saved.")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            text = metadata.get(HEADER)
            if text is None:
                raise ValueError(f"{path} was not written by AGOPExplainer.save.")
            state = parse_header(text, path)
            names = file.keys()
            tensors = {name: _tensor(file, name) for name in names}
    except SafetensorError as error:
        raise ValueError(
            f"{path} is truncated or not an explainer file ({error}); save the explainer again."
        ) from error
    checksum = checksum_of(text, tensors, whole=state["format"] > UNCOVERED)
    if metadata != {HEADER: text, CHECKSUM: checksum}:
        raise ValueError(f"{path} was altered since it was written: its checksum does not match; save it again.")
    try:
        header = Header.of(state)
        check_values(header, declared(header, tensors), tensors)
    except ValueError as error:
        raise ValueError(f"{path} holds no explainer that can be read: {error}; save the explainer again.") from error
    return header, tensors


def _tensor(file: Any, name: str) -> Tensor:
    """A tensor of a file; other dtypes than those of an explainer are none that every torch knows."""
    dtype = file.get_slice(name).get_dtype()
    if dtype not in DTYPES.values():
        raise SafetensorError(f"a tensor of dtype {dtype}")
    tensor: Tensor = file.get_tensor(name).clone()  # where torch aligns it: products depend on that in the last bit
    return tensor


def checksum_of(text: str, tensors: dict[str, Tensor], *, whole: bool = True) -> str:
    """SHA-256 over the header and the tensors with their names; ``whole``: with their dtypes and shapes, too."""
    digest = hashlib.sha256(text.encode())
    if whole:
        digest.update(json.dumps(sorted(shapes_of(tensors).items())).encode())
    for name in sorted(tensors):
        if not whole:
            digest.update(name.encode())
        digest.update(tensors[name].reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
