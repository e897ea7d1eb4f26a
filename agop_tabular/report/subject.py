"""What was explained: the model, the explainer, the software, and the data, so that each can be recognised."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib import metadata
from typing import Any

import numpy as np
import pandas as pd

from agop_tabular.models.fingerprint import fingerprint
from agop_tabular.models.frames import missing_cells, to_pandas
from agop_tabular.results.about import About
from agop_tabular.results.cells import cut_text
from agop_tabular.results.facts import named_list

PACKAGES = ("agop-tabular", "torch", "scikit-learn", "skorch", "numpy", "pandas", "matplotlib", "jinja2")
"""Whose versions a report has; that of the model's own package is added, where it goes by the name of its module."""

HASH = "SHA-256 of the columns' names, as a list in JSON, and of pandas.util.hash_pandas_object(X, index=False)"
"""How the hash of a table is made."""

SHOWN = 10
"""Classes that are named."""

NAME_LENGTH = 60
"""Characters of a name."""


def model_facts(explainer: Any) -> list[tuple[str, str]]:
    """What the model and the explainer are.

    Parameters
    ----------
    explainer : AGOPExplainer
        Fitted.
    """
    model, params = explainer.model_, explainer.fitted_params_
    estimator = getattr(explainer, "estimator_", None)
    facts = [("model", model_name(estimator))]
    facts += about_facts(getattr(explainer, "about_", About()))
    facts.append(("predicts", predicts(explainer)))
    facts.append(("reads", f"{explainer.n_features_in_:,} columns, as {model.feature_map.n_coordinates:,} numbers"))
    facts.append(("fingerprint", f"{_fingerprint(explainer)} (SHA-256 of the network's weights and preprocessing)"))
    facts.append(("explained by", f"method {params['method']!r} of agop_tabular, in {unit_name(model.unit)}"))
    facts.append(("fitted on", f"{explainer.n_samples_seen_:,} training rows"))
    seed = params["random_state"]
    known = "none: the same draws always" if seed is None else str(seed)
    facts.append(("seed", known if seed is None or isinstance(seed, (int, np.integer)) else "a generator"))
    facts.append(("software", ", ".join(versions(estimator))))
    return facts


def data_facts(X: Any, n_listed: int) -> list[tuple[str, str]]:
    """What the rows of a report are.

    Parameters
    ----------
    X : ndarray or DataFrame of shape (n, d)
    n_listed : int
        Rows that are explained one by one.
    """
    n, d = X.shape
    missing = int(missing_cells(X).sum())
    listed = "all of them" if n_listed == n else f"{n_listed:,} from all over the table"
    return [
        ("rows", f"{n:,}; {listed} are explained one by one"),
        ("columns", f"{d:,}"),
        ("missing cells", f"{missing:,} of {n * d:,}"),
        ("hash", f"{table_digest(X)} ({HASH})"),
    ]


def model_name(estimator: Any) -> str:
    """What a model is: its class, or the classes of a pipeline's steps."""
    if estimator is None:
        return "not at hand: the explainer was loaded without it"
    if hasattr(estimator, "steps"):
        return " → ".join(model_name(step) for _, step in estimator.steps if step not in (None, "passthrough"))
    name = type(estimator).__name__
    inner = getattr(estimator, "module_", None)
    return f"{name} of {type(inner).__name__}" if inner is not None else name


def predicts(explainer: Any) -> str:
    """What the model predicts."""
    model = explainer.model_
    names = [cut_text(name, NAME_LENGTH) for name in model.score_names]
    if model.classes is not None:
        return f"one of {len(names)} classes: {named_list(names, SHOWN)}"
    return (
        "a number" + (f", {names[0]}" if names[0] != "output" else "")
        if len(names) == 1
        else (f"{len(names)} numbers: {named_list(names, SHOWN)}")
    )


def unit_name(unit: str) -> str:
    """A unit as it is written in a sentence."""
    return "units of the output" if unit == "output" else unit


def about_facts(about: About) -> list[tuple[str, str]]:
    """How an AutoML predictor was explained; nothing for any other model."""
    facts = []
    if about.predictor is not None:
        facts.append(("predictor", about.predictor))
    if about.by == "gradient":
        facts.append(("explained through", "its own gradient"))
    if about.by == "student":
        facts.append(("explained through", "a student: a network that was trained on the predictor's answers"))
    if about.fidelity is not None:
        facts.append(("student", fidelity_text(about.fidelity)))
    if about.why:
        facts.append(("why a student", about.why))
    if about.coverage is not None and about.coverage < 1:
        facts.append(("ensemble", f"{about.coverage:.0%} of its weight has a gradient and is explained"))
    return facts


def fidelity_text(fidelity: dict[str, float]) -> str:
    """How faithful a student is, in words."""
    same = f", and is of the same class in {fidelity['agreement']:.1%}" if "agreement" in fidelity else ""
    of = f"of the variance of the answers to {fidelity['rows']:.0f} held-out rows"
    found = f"explains {fidelity['r2']:.1%} {of}{same}"
    if fidelity.get("clipped"):
        found += f" (log-odds are clipped at probabilities of .001 and .999, as in {fidelity['clipped']:.1%})"
    return found


def versions(estimator: Any) -> list[str]:
    """Versions of Python and of the packages that a report depends on."""
    names = list(PACKAGES)
    own = type(estimator).__module__.partition(".")[0].replace("_", "-")
    names.append(own)
    found = [f"Python {platform.python_version()}"]
    for name in dict.fromkeys(names):
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return found


def table_digest(X: Any) -> str:
    """SHA-256 of a table: of the columns' names, as JSON, and of what pandas makes of each row.

    Parameters
    ----------
    X : ndarray or DataFrame of shape (n, d)
    """
    frame = to_pandas(X)
    digest = hashlib.sha256(json.dumps([str(name) for name in frame.columns]).encode())
    try:
        rows = pd.util.hash_pandas_object(frame, index=False)
    except TypeError:  # cells that cannot be hashed, such as lists
        rows = pd.util.hash_pandas_object(frame.map(repr), index=False)
    digest.update(rows.to_numpy(dtype="<u8").tobytes())
    return digest.hexdigest()


def _fingerprint(explainer: Any) -> str:
    if explainer.model_.adapter is not None:
        return fingerprint(explainer.model_.network)
    return explainer.network_record_.fingerprint or "not known"
