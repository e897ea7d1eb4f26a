"""About: what an AutoML explanation explains, and how it was made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, eq=False, repr=False)
class About(Mapping[str, Any]):
    """What was explained and how, read as attributes or like a dict.

    As a mapping it holds the fields that are not None, in the order below: ``about["by"]``, ``about.get("fidelity")``,
    ``"coverage" in about``, ``dict(about)``. It equals a dict of the same items.

    Attributes
    ----------
    predictor : str, optional
        Class name of the predictor.
    by : {"gradient", "student"}, optional
        Whether the predictor's own gradient was used, or that of a student trained on its answers.
    fidelity : dict of str to float, optional
        How well the student predicts the predictor's answers on held-out rows, and of how many of them the log-odds are
        clipped, at probabilities of .001 and .999; see :class:`agop_tabular.automl.Student`.
    why : str, optional
        Why a student was needed.
    rows, of_rows : int, optional
        Training rows the explainer was fitted on, and training rows given.
    coverage : float, optional
        Share of an ensemble's weight that has a gradient and is explained.
    seconds : float, optional
        Time for fitting and explaining.

    Examples
    --------
    >>> from agop_tabular.results.about import About
    >>> about = About(predictor="LGBMClassifier", by="student", rows=2048)
    >>> about["by"], about.by, "coverage" in about
    ('student', 'student', False)
    """

    predictor: str | None = None
    by: str | None = None
    fidelity: dict[str, float] | None = None
    why: str | None = None
    rows: int | None = None
    of_rows: int | None = None
    coverage: float | None = None
    seconds: float | None = None

    def _known(self) -> dict[str, Any]:
        """The fields that are not None."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def __getitem__(self, name: str) -> Any:
        return self._known()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known())

    def __len__(self) -> int:
        return len(self._known())

    def __repr__(self) -> str:
        return f"About({', '.join(f'{name}={value!r}' for name, value in self.items())})"
