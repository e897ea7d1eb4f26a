"""What each command does with its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.utils.validation import check_is_fitted

from agop_tabular.attribution.methods import method_named
from agop_tabular.automl import fit_explainer
from agop_tabular.command.model_file import load_model
from agop_tabular.command.screen import Screen
from agop_tabular.command.table_file import model_columns, model_labels, read_table, without_target
from agop_tabular.core.atomic import check_place
from agop_tabular.explainer import AGOPExplainer
from agop_tabular.models.fitted import is_fitted
from agop_tabular.models.no_gradient import NoGradientError
from agop_tabular.models.targets import ALL, PREDICTED
from agop_tabular.results.facts import named_list
from agop_tabular.results.saving import WRITERS

PAGES = (".html", ".htm")
"""Endings of a report."""

SHOWN = 10
"""Columns of an audit, or classes, that are shown."""

PREPARING = 3
"""Steps of :func:`prepare`."""


@dataclass(frozen=True)
class Inputs:
    """What commands read.

    Attributes
    ----------
    model, table : Path
    train : Path or None
        The table that the explainer is fitted on; None for ``table`` itself.
    explainer : Path or None
        A saved explainer, in place of a fit.
    target : str or None
        Column of the labels.
    trust : bool
        Whether files may be loaded that run code.
    student : bool
        Whether a network may stand for a model without a gradient.
    """

    model: Path
    table: Path
    train: Path | None = None
    explainer: Path | None = None
    target: str | None = None
    trust: bool = False
    student: bool = False

    def check_output(self, out: Path, endings: tuple[str, ...]) -> None:
        """Raise where a file cannot be written, before anything is read.

        Raises
        ------
        ValueError, OSError
        """
        if out.suffix.lower() not in endings:
            raise ValueError(f"--out {out} does not end in {', '.join(endings)}, which say what is written.")
        for path in (self.model, self.table, self.train, self.explainer):
            if path is not None and path.resolve() == out.resolve():
                raise ValueError(f"--out {out} would replace a file that is read; name another.")
        check_place(out)


@dataclass(frozen=True)
class Prepared:
    """A fitted explainer and the rows that it is to explain.

    Attributes
    ----------
    explainer : AGOPExplainer
    X : DataFrame
    y : Series or None
        Labels.
    knows_rows : bool
        Whether the explainer was fitted on these rows here.
    """

    explainer: AGOPExplainer
    X: pd.DataFrame
    y: pd.Series | None
    knows_rows: bool = False


def prepare(inputs: Inputs, screen: Screen) -> Prepared:
    """Read the files, and fit the explainer where it is not.

    Raises
    ------
    ValueError, TypeError, OSError, ImportError
        One sentence that says what is wrong with the files.
    """
    screen.step(f"Reading {inputs.table.name}")
    X, y = read_table(inputs.table), None
    if inputs.target is not None:
        X, y = without_target(X, inputs.target, inputs.table)
    train = None if inputs.train is None else read_table(inputs.train)
    screen.step(f"Loading {inputs.model.name}")
    model = load_model(inputs.model, trust=inputs.trust, say=screen.note)
    X = model_columns(X, model, inputs.table)
    y = None if y is None else model_labels(y, model, inputs.table)
    screen.step("Fitting the explainer")
    if isinstance(model, AGOPExplainer) or inputs.explainer is not None:
        return Prepared(_saved_explainer(model, inputs), X, y)
    if not is_fitted(model):
        raise ValueError(
            f"{inputs.model} holds a {type(model).__name__} that is not fitted; fit it, and save it again."
        )
    rows = X
    if train is not None and inputs.train is not None:
        rows = model_columns(train.drop(columns=[inputs.target], errors="ignore"), model, inputs.train)
    explainer = _fitted(model, rows, inputs.student)
    fidelity = explainer.about_.fidelity
    if fidelity is not None:
        screen.note(
            f"what is explained is a network that imitates {inputs.model} (R² {fidelity['r2']:.2f} on "
            f"{fidelity['rows']:.0f} rows that it was not trained on)."
        )
    return Prepared(explainer, X, y, knows_rows=train is None)


def _fitted(model: Any, rows: pd.DataFrame, student: bool) -> AGOPExplainer:
    """An explainer of a model, or of its student; where only that could be explained, the refusal says so."""
    try:
        return fit_explainer(model, rows, surrogate="auto" if student else "never", max_samples=None)
    except NoGradientError as error:
        if student or not hasattr(model, "predict"):
            raise
        raise ValueError(f"{error} Or add --student, which explains a network that imitates the model.") from error


def _saved_explainer(model: Any, inputs: Inputs) -> AGOPExplainer:
    """An explainer that was saved: by itself, or of the model."""
    if inputs.train is not None or inputs.student:
        unused = "--train" if inputs.train is not None else "--student"
        raise ValueError(f"The explainer is fitted already, so {unused} has nothing to do; leave it out.")
    if not isinstance(model, AGOPExplainer):
        assert inputs.explainer is not None
        return AGOPExplainer.load(inputs.explainer, model)
    if inputs.explainer is not None:
        raise ValueError(
            f"{inputs.model} holds an explainer, and --explainer names a second one; give its model instead."
        )
    check_is_fitted(model, "n_samples_seen_")
    if not hasattr(model, "estimator_") and method_named(model.method).needs_network:
        raise ValueError(
            f"{inputs.model} holds an explainer without its network; give the network as MODEL, and this file as "
            "--explainer."
        )
    return model


def explain(inputs: Inputs, out: Path, label: str, screen: Screen) -> None:
    """Write the attributions of a table's rows."""
    inputs.check_output(out, tuple(WRITERS))
    ready = prepare(inputs, screen)
    screen.step(f"Explaining {len(ready.X):,} rows")
    explanation = ready.explainer(ready.X, chosen_class(ready.explainer, label))
    screen.step(f"Writing {out.name}")
    explanation.save(out)
    screen.show(*explanation.facts())
    screen.text(f"Written to {out}.")


def audit(inputs: Inputs, n_rows: int, screen: Screen) -> None:
    """Print how wrong explanations are."""
    ready = prepare(inputs, screen)
    if ready.knows_rows:
        screen.note(
            "the rows of the audit are those that the explainer was fitted on; with its training rows as --train the "
            "error is that of new rows."
        )
    screen.step("Auditing")
    found = ready.explainer.audit(ready.X, n_rows=n_rows)
    screen.show(*found.facts())
    columns = found.columns.head(SHOWN)
    shown = pd.DataFrame(
        {
            "column": columns.index.astype(str),
            "error": columns["error"].map("{:.4g}".format),
            "share of the squared error": columns["share"].map("{:.1%}".format),
            "mean |attribution|": columns["attribution"].map("{:.4g}".format),
        }
    )
    screen.show_table("Most wrong", shown, numbers=list(shown)[1:])


def report(inputs: Inputs, out: Path, title: str | None, date: str | None, screen: Screen) -> None:
    """Write a report."""
    inputs.check_output(out, PAGES)
    ready = prepare(inputs, screen)
    screen.step(f"Writing {out.name}")
    ready.explainer.report(ready.X, ready.y, out, title=title, date=date)
    screen.text(f"Written to {out}.")


def chosen_class(explainer: AGOPExplainer, label: str) -> Any:
    """What ``target`` of ``explain`` a text means: "predicted", "all", a class, or the number of an output.

    Raises
    ------
    ValueError
        Where there is no such class.
    """
    classes = getattr(explainer, "classes_", None)
    labels = range(explainer.model_.n_scores) if classes is None else list(classes)
    names = named_list([str(known) for known in labels], SHOWN)
    if len(labels) == 1 and label != PREDICTED:
        raise ValueError(f"--class {label!r}: the model has one output, which is explained; leave --class out.")
    if label == PREDICTED and classes is None and len(labels) > 1 and method_named(explainer.method).needs_network:
        raise ValueError(
            f"The model has {len(labels)} outputs and no predicted class: give --class one of {names}, or all."
        )
    if label in (PREDICTED, ALL):
        return label
    for known in labels:
        if str(known) == label:
            return known
    outputs = "classes" if classes is not None else "outputs"
    raise ValueError(f'--class {label!r} is not "predicted", "all", or one of the {outputs}: {names}.')
