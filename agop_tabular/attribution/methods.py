"""The methods by name. EXTEND HERE: a new one is an entry of one of the three kinds, or a subclass of its own.

A method that filters a row's gradient is an entry, a :class:`~agop_tabular.attribution.by_gradient.GradientMethod` with
its filter. Anything else is a subclass of :class:`~agop_tabular.attribution.method.Method` whose ``fit`` returns a
:class:`~agop_tabular.attribution.row_by_row.RowByRow`, which only has to say how a batch is attributed. Whoever keeps a
method outside of this package registers it with :func:`register`.
"""

from __future__ import annotations

from agop_tabular.attribution.by_effects import EffectsMethod
from agop_tabular.attribution.by_gradient import GradientMethod
from agop_tabular.attribution.constant import ConstantMethod
from agop_tabular.attribution.method import Method
from agop_tabular.attribution.moment_summary import MomentSummary
from agop_tabular.core.filters import Filter


def _rank_truncated(summary: MomentSummary) -> Filter:
    assert summary.spectrum is not None
    return Filter.rank_truncated(summary.spectrum, summary.rank)


def _sqrt_diagonal(summary: MomentSummary) -> Filter:
    return Filter.sqrt_diagonal(summary.diagonal)


METHODS: dict[str, Method] = {}
"""``agop`` is this project's. ``agop-ixg``: arXiv 2605.15700. ``agop-weighted``, ``agop-local``, ``agop-global``:
arXiv 2605.12816. ``ixg``: Input×Gradient, the control."""


def register(method: Method) -> Method:
    """Make a method available under its name, as ``AGOPExplainer(method=name)``.

    Parameters
    ----------
    method : Method
        One of the same name is replaced.

    Returns
    -------
    Method
        The same.

    Examples
    --------
    Gradient × input with the whole diagonal of M as the filter:

    >>> from agop_tabular.attribution.by_gradient import GradientMethod
    >>> from agop_tabular.attribution.methods import METHODS, register
    >>> from agop_tabular.core import Filter
    >>> diagonal = GradientMethod("diagonal", needs_all_of_m=False, times_input=True,
    ...                           make_filter=lambda summary: Filter.scaling(summary.diagonal))
    >>> register(diagonal).name
    'diagonal'
    >>> del METHODS["diagonal"]
    """
    METHODS[method.name] = method
    return method


register(EffectsMethod("agop"))
register(GradientMethod("agop-ixg", make_filter=_rank_truncated, times_input=True, uses_rank=True))
register(GradientMethod("agop-weighted", signed=False, needs_all_of_m=False, make_filter=_sqrt_diagonal))
register(GradientMethod("agop-local", signed=False, needs_all_of_m=False))
register(ConstantMethod("agop-global", needs_all_of_m=False))
register(GradientMethod("ixg", needs_all_of_m=False, times_input=True, raw=True))


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
