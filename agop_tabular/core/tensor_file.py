"""Tensors in a file of safetensors, written whole or not at all."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from agop_tabular.core.atomic import replacing


def write_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    """Write tensors by name.

    Parameters
    ----------
    path : Path
        A link is followed; a file that is there is replaced, and keeps its mode.
    tensors : dict of str to Tensor
    metadata : dict of str to str, optional
        Text that the file keeps beside them.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, OSError
        Where it cannot be written.
    """
    with replacing(path) as place:
        try:
            save_file(tensors, place, metadata=metadata)
        except SafetensorError as error:  # what it makes of the system's errors, such as those of a full disk
            raise OSError(f"{path} cannot be written ({error}); choose another place.") from error
