"""How well the model predicts labelled rows, compared with always predicting the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics

from agop_tabular.core.evaluating import evaluating
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.report.blocks import Block, Facts, Paragraph, Section, Table
from agop_tabular.results.cells import cut_names, signed_text
from agop_tabular.results.facts import named_list

MATRIX = 8
"""Classes whose confusions are a table of their own: a wider one does not fit a page."""

LINES = 30
"""Classes, or outputs, with a line of their own."""

NAME_LENGTH = 60
"""Characters of a class's name."""

LISTED = 5
"""Labels that a message lists."""


@dataclass(frozen=True, eq=False)
class Performance:
    """What labels say of the model.

    Attributes
    ----------
    figure : str
        The share that is right, or R².
    summary : str
        A sentence.
    blocks : list of Block
    """

    figure: str
    summary: str
    blocks: list[Block]


def checked_labels(y: Any, n: int, model: ExplainedModel) -> np.ndarray:
    """Labels as an array: places of classes (n,), or numbers (n, n_outputs).

    Parameters
    ----------
    y : array-like of shape (n,) or (n, n_outputs)
    n : int
    model : ExplainedModel

    Raises
    ------
    ValueError
        Where they are of another length, or unknown.
    """
    given = y.to_numpy() if hasattr(y, "to_numpy") else y
    labels = np.asarray(given, dtype=object if isinstance(given, (list, tuple)) else None)  # NaN stays no text
    if len(labels) != n if labels.ndim else True:
        raise ValueError(f"y has {len(labels) if labels.ndim else 'no'} labels, but X has {n:,} rows: give one each.")
    if model.classes is None:
        try:
            numbers = labels.astype(float).reshape(n, -1)
        except (TypeError, ValueError) as error:
            raise ValueError("y has labels that are no numbers, but the model predicts numbers.") from error
        if numbers.shape[1] != model.n_scores:
            raise ValueError(f"y has {numbers.shape[1]} columns, but the model has {model.n_scores} outputs.")
        if not np.isfinite(numbers).all():
            raise ValueError("y has labels that are missing or not finite: leave out these rows.")
        return numbers
    if labels.ndim != 1 and labels.size != n:
        raise ValueError(f"y has shape {labels.shape}; give one label for each of the {n:,} rows.")
    missing = int(pd.isna(labels).sum())
    if missing:
        raise ValueError(
            f"{missing:,} of the {n:,} labels y are missing: leave out {'this row' if missing == 1 else 'these rows'}."
        )
    places = _places(labels.ravel(), model)
    unknown = labels.ravel()[places < 0]
    if len(unknown):
        named = named_list([repr(label) for label in dict.fromkeys(unknown.tolist())], LISTED)
        known = named_list([repr(label) for label in model.classes.tolist()], LISTED)
        raise ValueError(
            f"y has labels that the model does not know: {named}; its classes are {known}: call them so, or leave out "
            "these rows."
        )
    return places


def _places(labels: np.ndarray, model: ExplainedModel) -> np.ndarray:
    """Places of labels among the classes, by the label itself or else by the name that it is shown by; −1 for none."""
    assert model.classes is not None
    known = {label: place for place, label in enumerate(model.classes.tolist())}
    names = {name: place for place, name in enumerate(model.score_names)}
    return np.array([known.get(label, names.get(str(label), -1)) for label in labels.tolist()], dtype=int)


def measured(model: ExplainedModel, X: Any, labels: np.ndarray, batch_size: int | str) -> Performance:
    """Compare predictions with labels.

    Parameters
    ----------
    model : ExplainedModel
    X : ndarray or DataFrame of shape (n, d)
    labels : ndarray
        Of :func:`checked_labels`.
    batch_size : int or "auto"
    """
    scores, predicted = _predictions(model, X, batch_size)
    if model.classes is None:
        return _of_numbers(labels, scores, model.score_names)
    names = cut_names(model.score_names, NAME_LENGTH)
    return _of_classes(labels, predicted, scores, names, probable=model.network.has_probabilities)


def _predictions(model: ExplainedModel, X: Any, batch_size: int | str) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, or scores where there are none, (n, n_scores), and places of predicted classes (n,)."""
    adapter, parts, predicted = model.network, [], []
    with evaluating(adapter.module):
        for _, x in model.batches(X, batch_size):
            raw = model.raw_scores(x)
            parts.append((adapter.probabilities(raw) if adapter.has_probabilities else raw).double().cpu().numpy())
            predicted.append(adapter.predicted(raw).cpu().numpy())
    return np.concatenate(parts), np.concatenate(predicted)


def _of_classes(
    truth: np.ndarray, predicted: np.ndarray, scores: np.ndarray, names: Sequence[str], *, probable: bool
) -> Performance:
    n, every = len(truth), np.arange(len(names))
    count = np.bincount(truth, minlength=len(names))
    right, usual = float((truth == predicted).mean()), int(count.argmax())
    recall = metrics.recall_score(truth, predicted, labels=every, average=None, zero_division=0)
    facts = [
        ("right", f"{right:.1%} of {n:,} rows (accuracy)"),
        ("for comparison", f"{count[usual] / n:.1%} would be right if {names[usual]} were always predicted"),
        ("balanced accuracy", f"{recall[count > 0].mean():.1%}: the share that is right in each class, averaged"),
    ]
    if probable:
        facts.append(_log_loss(truth, scores, count))
    facts.append(_area(truth, scores, names, count, "probability" if probable else "score"))
    summary = f"On {n:,} labelled rows its predictions are right in {right:.1%} of cases; {names[usual]}, predicted "
    summary += f"always, would be right in {count[usual] / n:.1%}."
    matrix = metrics.confusion_matrix(truth, predicted, labels=every)
    table = _matrix(matrix, names) if len(names) <= MATRIX else _by_class(matrix, names)
    return Performance(f"{right:.1%}", summary, [Facts(facts), table])


def _log_loss(truth: np.ndarray, probabilities: np.ndarray, count: np.ndarray) -> tuple[str, str]:
    n, own = len(truth), probabilities[np.arange(len(truth)), truth]
    loss = float(-np.log(np.clip(own, np.finfo(np.float32).tiny, 1)).mean())
    share = count[count > 0] / n
    constant = float(-(share * np.log(share)).sum())
    return "log loss", f"{loss:.3f} nats a row, lower is better; {constant:.3f} if the classes' shares were predicted"


def _area(truth: np.ndarray, scores: np.ndarray, names: Sequence[str], count: np.ndarray, what: str) -> tuple[str, str]:
    """The area under the ROC curve; of two classes, that of the difference of their scores."""
    present = np.flatnonzero((count > 0) & (count < len(truth)))
    if not len(present):
        return "area under ROC", "not defined: all rows have one label"
    if len(names) == 2:
        second = scores[:, 1] if what == "probability" else scores[:, 1] - scores[:, 0]
        area = float(metrics.roc_auc_score(truth == 1, second))
        said = f"the chance that a row of {names[1]} has a higher {what} of it than a row of {names[0]}"
    else:
        area = float(np.mean([metrics.roc_auc_score(truth == c, scores[:, c]) for c in present]))
        said = "each class against all others, averaged"
    return "area under ROC", f"{area:.3f}, {said}; 0.5 is chance, 1 is best"


def _matrix(matrix: np.ndarray, names: Sequence[str]) -> Table:
    """The confusion matrix."""
    rows = [
        [f"{name} ({sum(line):,})", *(f"{k:,}" for k in line)]
        for name, line in zip(names, matrix.tolist(), strict=True)
    ]
    diagonal = frozenset((c, c + 1) for c in range(len(names)))
    caption = "Rows by label (down) and prediction (across); right ones stand out"
    return Table(caption, ["label", *names], rows, strong=diagonal)


def _by_class(matrix: np.ndarray, names: Sequence[str]) -> Table:
    """How well each class is found; of many the most frequent ones."""
    order = np.argsort(-matrix.sum(axis=1), kind="stable")[:LINES]
    rows = []
    for c in order:
        of, said, right = int(matrix[c].sum()), int(matrix[:, c].sum()), int(matrix[c, c])
        wrong = np.where(np.arange(len(names)) == c, 0, matrix[c])
        other = f"{names[int(wrong.argmax())]} ({wrong.max():,})" if wrong.max() else "none"
        rows.append([names[c], f"{of:,}", _share(right, of), _share(right, said), other])
    more = "" if len(order) == len(names) else f"; the {len(order)} most frequent of {len(names)}"
    head = ["label", "rows", "found (recall)", "right where predicted (precision)", "most often taken for"]
    return Table(f"Classes{more}", head, rows, text_columns=frozenset({4}))


def _share(part: int, of: int) -> str:
    return f"{part / of:.1%}" if of else "no such row"


def _of_numbers(truth: np.ndarray, predicted: np.ndarray, names: Sequence[str]) -> Performance:
    n = len(truth)
    lines = []
    for c, name in enumerate(names[:LINES]):
        y, f = truth[:, c], predicted[:, c]
        r2 = f"{metrics.r2_score(y, f):.3f}" if n > 1 and np.ptp(y) > 0 else "not defined"
        off = (np.abs(y - f).mean(), np.sqrt(np.square(y - f).mean()), np.abs(y - np.median(y)).mean())
        lines.append([name, r2, *(signed_text(float(value)).removeprefix("+") for value in off)])
    head = ["output", "R²", "mean absolute error", "root mean square error", "mean absolute error of the median"]
    caption = f"Predictions of {n:,} rows; errors in units of the output"
    r2, mae, _, constant = lines[0][1:]
    what = "share of the variance of the labels that predictions explain; 1 is best, 0 is no better than the mean"
    summary = f"On {n:,} labelled rows its predictions are off by {mae} on average ({names[0]}; R² {r2}); the median, "
    summary += f"predicted always, would be off by {constant}."
    return Performance(r2, summary, [Table(caption, head, lines), Paragraph(f"R² is the {what}.")])


def performance_section(performance: Performance, of_student: bool = False) -> Section:
    """How well the model predicts.

    Parameters
    ----------
    performance : Performance
    of_student : bool
        Whether it is that of a student, which stands for the predictor.
    """
    if not of_student:
        return Section("performance", "How well the model predicts", performance.blocks)
    said = "These figures are of the student that is explained, not of the predictor that it stands for."
    return Section("performance", "How well the student predicts", [Paragraph(said), *performance.blocks])


def label_names(places: np.ndarray, model: ExplainedModel, output: int = 0) -> np.ndarray:
    """Names of labels, or the numbers of one output, as a table of rows shows them.

    Parameters
    ----------
    places : ndarray
        Of :func:`checked_labels`.
    model : ExplainedModel
    output : int
    """
    return places[:, output] if model.classes is None else np.array(model.score_names, dtype=object)[places]
