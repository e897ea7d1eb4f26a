"""Tensors checked against what is declared of them: dtype, shape and bounds, before anything is built of them.

Sizes have names. The first tensor of a size decides it, unless it is known, and all others have to agree.
"""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

LARGEST = 1e100
"""Numbers stay below this in absolute value: products of three of them are still finite in float64."""

SINGLE = 1e32
"""Numbers that a network's own precision has to hold stay below this: sums of many of them are finite in float32."""

WHOLE = float(2**62)
"""Bound of whole numbers that have no other."""

DTYPES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}
"""Names of dtypes in a file."""


@dataclass(frozen=True)
class Spec:
    """What a tensor has to be.

    Attributes
    ----------
    dtypes : tuple of str
        Names in :data:`DTYPES`.
    shape : tuple of str or int
        Names of sizes, or sizes.
    low, high : float
        Bounds of its values.
    free : bool
        Whether values may be infinite or NaN, too.
    """

    dtypes: tuple[str, ...]
    shape: tuple[str | int, ...]
    low: float = -LARGEST
    high: float = LARGEST
    free: bool = False

    def check_shape(self, name: str, dtype: str, shape: tuple[int, ...], sizes: dict[str, int]) -> None:
        """Raise unless dtype and shape are as declared; sizes that were unknown are added.

        Parameters
        ----------
        name : str
        dtype : str
        shape : tuple of int
        sizes : dict of str to int
            Known sizes.

        Raises
        ------
        ValueError
        """
        empty = dtype == "F32" and 0 in shape  # as earlier formats hold what has no axis
        if dtype not in self.dtypes and not empty:
            raise ValueError(f"its tensor {name} is of dtype {dtype}, not {' or '.join(self.dtypes)}")
        if len(shape) != len(self.shape):
            raise ValueError(f"its tensor {name} has {len(shape)} dimensions, not {len(self.shape)}")
        for found, size in zip(shape, self.shape, strict=True):
            known = size if isinstance(size, int) else sizes.setdefault(size, found)
            if found != known:
                raise ValueError(f"its tensor {name} has shape {shape}, with {found} in the place of {known}")

    def check_values(self, name: str, tensor: Tensor) -> None:
        """Raise unless all values are within the bounds.

        Parameters
        ----------
        name : str
        tensor : Tensor

        Raises
        ------
        ValueError
        """
        if self.free or not tensor.numel() or tensor.dtype is torch.bool:
            return
        low, high = tensor.min().item(), tensor.max().item()
        if not (self.low <= low and high <= self.high):  # NaN is not, either
            wrong = high if self.low <= low else low
            raise ValueError(f"its tensor {name} has {wrong}, which is not from {self.low:g} to {self.high:g}")


def real(*shape: str | int, low: float = -LARGEST, high: float = LARGEST, free: bool = False) -> Spec:
    """A tensor of float64."""
    return Spec(("F64",), shape, low, high, free)


def single(*shape: str | int) -> Spec:
    """A tensor of float64 whose values a network of float32 can compute with."""
    return real(*shape, low=-SINGLE, high=SINGLE)


def whole(*shape: str | int, low: float = -WHOLE, high: float = WHOLE) -> Spec:
    """A tensor of int64."""
    return Spec(("I64",), shape, low, high)


def flags(*shape: str | int) -> Spec:
    """A tensor of bool."""
    return Spec(("BOOL",), shape)


def check_shapes(
    specs: Mapping[str, Spec], found: Mapping[str, tuple[str, tuple[int, ...]]], sizes: dict[str, int]
) -> None:
    """Raise unless the tensors found are those declared, by name, dtype and shape.

    Parameters
    ----------
    specs : mapping of str to Spec
    found : mapping of str to (dtype, shape)
    sizes : dict of str to int
        Known sizes; others are added.

    Raises
    ------
    ValueError
    """
    unknown, missing = found.keys() - specs.keys(), specs.keys() - found.keys()
    if unknown:
        raise ValueError(f"its tensor {reprlib.repr(min(unknown))} is unknown here")
    if missing:
        raise ValueError(f"its tensor {min(missing)} is missing")
    for name, spec in specs.items():
        spec.check_shape(name, *found[name], sizes)


def shapes_of(tensors: Mapping[str, Tensor]) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Dtype, as a file names it, and shape of each tensor."""
    return {name: (DTYPES.get(t.dtype, str(t.dtype)), tuple(t.shape)) for name, t in tensors.items()}


def demand(holds: object, what: str) -> None:
    """Raise unless something holds that belongs to every file.

    Parameters
    ----------
    holds : bool, or Tensor or ndarray of one bool
    what : str
        As the end of a sentence, "its …".

    Raises
    ------
    ValueError
    """
    if not bool(holds):
        raise ValueError(f"its {what}")
