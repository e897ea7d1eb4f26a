"""An audit as JSON, and back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import pandas as pd

from agop_tabular.audit.error_bound import ErrorBound
from agop_tabular.audit.result import Audit, AuditedAs
from agop_tabular.persistence.specs import demand
from agop_tabular.persistence.typed_json import AnyFloat, Count, Length, Within

NoLess = Annotated[float, Within(low=0)]
"""A number from 0, which may be infinite."""

Whole = Annotated[int, Within(low=0)]
Pair = Annotated[list[AnyFloat], Length(2, 2)]


@dataclass(frozen=True)
class BoundRecord:
    """An :class:`~agop_tabular.audit.error_bound.ErrorBound`."""

    coverage: Annotated[float, Within(0, 1)]
    predicted: NoLess
    each: list[NoLess]
    unexplained: list[NoLess]


@dataclass(frozen=True)
class AuditedAsRecord:
    """An :class:`~agop_tabular.audit.result.AuditedAs`."""

    method: str
    n_pairs: Whole
    gated: list[Whole]


@dataclass(frozen=True)
class AuditRecord:
    """An :class:`~agop_tabular.audit.result.Audit`: its tables by column, the rows' labels as whole numbers or text."""

    unit: str
    cosine: AnyFloat
    relative_error: AnyFloat
    intervals: dict[str, Pair]
    columns: dict[str, list[AnyFloat]]
    column_names: list[str]
    rows: dict[str, list[AnyFloat]]
    row_labels: list[int | str]
    row_targets: list[str] | None
    noise_share: AnyFloat
    n_permutations: Count
    n_evaluations: Whole
    seconds: NoLess
    error_bound: BoundRecord
    of: AuditedAsRecord

    def check(self, names: list[str], n_scores: int) -> None:
        """Raise unless it is of these columns, and of so many scores.

        Parameters
        ----------
        names : list of str
        n_scores : int

        Raises
        ------
        ValueError
        """
        d, n, bound = len(names), len(self.row_labels), self.error_bound
        demand(sorted(self.column_names) == sorted(names), "audit is of other columns")
        demand(set(self.columns) == {"error", "share", "attribution"}, "audit has other figures of columns")
        demand(set(self.rows) == {"cosine", "relative_error", "bound"}, "audit has other figures of rows")
        demand(all(len(v) == d for v in self.columns.values()), "audit has figures of other columns")
        demand(all(len(v) == n for v in self.rows.values()), "audit has figures of other rows")
        demand(self.row_targets is None or len(self.row_targets) == n, "audit has targets of other rows")
        demand(set(self.intervals) == {"cosine", "relative_error"}, "audit has other intervals")
        demand(len(bound.each) == len(bound.unexplained) == n_scores, "audit has bounds of other scores")
        demand(all(j < d for j in self.of.gated), "audit is of other gated columns")


def audit_to_json(audit: Audit | None) -> dict[str, Any] | None:
    """All of an audit."""
    if audit is None:
        return None
    figures = [name for name in audit.rows if name != "target"]
    return {
        "unit": audit.unit,
        "cosine": audit.cosine,
        "relative_error": audit.relative_error,
        "intervals": {name: list(interval) for name, interval in audit.intervals.items()},
        "columns": audit.columns.to_dict("list"),
        "column_names": audit.columns.index.tolist(),
        "rows": audit.rows[figures].to_dict("list"),
        "row_labels": [label if type(label) is int else str(label) for label in audit.rows.index.tolist()],
        "row_targets": audit.rows["target"].tolist() if "target" in audit.rows else None,
        "noise_share": audit.noise_share,
        "n_permutations": audit.n_permutations,
        "n_evaluations": audit.n_evaluations,
        "seconds": audit.seconds,
        "error_bound": asdict(audit.error_bound, dict_factory=_with_lists),
        "of": asdict(audit.of, dict_factory=_with_lists),
    }


def _with_lists(items: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in items}


def audit_from_json(record: AuditRecord | None) -> Audit | None:
    """An audit from a record that was checked."""
    if record is None:
        return None
    rows = pd.DataFrame(record.rows, index=pd.Index(record.row_labels))
    if record.row_targets is not None:
        rows.insert(0, "target", record.row_targets)
    bound, of = record.error_bound, record.of
    return Audit(
        unit=record.unit,
        cosine=record.cosine,
        relative_error=record.relative_error,
        intervals={name: (low, high) for name, (low, high) in record.intervals.items()},
        columns=pd.DataFrame(record.columns, index=pd.Index(record.column_names, name="column")),
        rows=rows,
        noise_share=record.noise_share,
        n_permutations=record.n_permutations,
        n_evaluations=record.n_evaluations,
        seconds=record.seconds,
        error_bound=ErrorBound(bound.coverage, bound.predicted, tuple(bound.each), tuple(bound.unexplained)),
        of=AuditedAs(of.method, of.n_pairs, tuple(of.gated)),
    )
