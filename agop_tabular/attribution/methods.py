"""The methods: a choice of filter, and of whether to multiply by the standardised input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from agop_tabular.core.filters import Filter
from agop_tabular.core.spectrum import Spectrum


@dataclass(frozen=True)
class Method:
    """How attributions come from the gradients of a row.

    Attributes
    ----------
    name : str
    filter : callable or None
        Makes F(M) from the spectrum, the rank and the diagonal of M; None for the identity.
    times_input : bool
        Multiply by z, the standardised input.
    norm : bool
        Fold coordinates by the L2 norm instead of the sum; attributions are then unsigned.
    raw : bool
        The gradient is left as it is: neither standardised nor centred inside one-hot blocks.
    constant : bool
        The same row for every input, diag M itself, without a call of the model.
    tables : bool
        Attributions are looked up in tables of effects, not made of a row's gradient.
    diagonal : bool
        Nothing but diag M is needed.
    """

    name: str
    filter: Callable[[Spectrum | None, int, Tensor], Filter] | None
    times_input: bool = False
    norm: bool = False
    raw: bool = False
    constant: bool = False
    tables: bool = False
    diagonal: bool = False


def _rank_truncated(spectrum: Spectrum | None, rank: int, _: Tensor) -> Filter:
    assert spectrum is not None
    return Filter.rank_truncated(spectrum, rank)


def _sqrt_diagonal(_: Spectrum | None, __: int, diagonal: Tensor) -> Filter:
    return Filter.sqrt_diagonal(diagonal)


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method("agop", None, tables=True),
        Method("agop-ixg", _rank_truncated, times_input=True),
        Method("agop-weighted", _sqrt_diagonal, norm=True, diagonal=True),
        Method("agop-local", None, norm=True, diagonal=True),
        Method("agop-global", None, constant=True, diagonal=True),
        Method("ixg", None, times_input=True, raw=True, diagonal=True),
    )
}
"""``agop`` is this project's. ``agop-ixg``: arXiv 2605.15700. ``agop-weighted``, ``agop-local``, ``agop-global``:
arXiv 2605.12816. ``ixg``: Input×Gradient, the control."""


def method_named(name: str) -> Method:
    """The method of this name.

    Raises
    ------
    ValueError
        Where there is none.
    """
    if not isinstance(name, str) or name not in METHODS:
        raise ValueError(f"method={name!r} is not one of {', '.join(map(repr, METHODS))}.")
    return METHODS[name]
