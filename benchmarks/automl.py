"""The AutoML step on full Adult: its share of each tool's own fit, and the time beside shap's KernelExplainer."""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GridSearchCV
from tqdm import tqdm

from agop_tabular import automl
from agop_tabular.baselines import KernelShap
from agop_tabular.core.evaluating import evaluating
from agop_tabular.datasets import fetch_adult
from benchmarks.machine import machine
from benchmarks.page import made_with, markdown

RESULTS = Path(__file__).parent / "results"
KERNEL_ROWS = 5
"""Rows that KernelExplainer is timed on; the rest is extrapolated."""


def grid_search(X: pd.DataFrame, y: np.ndarray, seconds: float) -> Any:
    """GridSearchCV over TabularMLPClassifier."""
    model = automl.TabularMLPClassifier(random_state=0)
    return GridSearchCV(model, {"lr": [1e-3, 3e-3], "dropout": [0.1, 0.3]}, cv=3).fit(X, y)


def calibrated(X: pd.DataFrame, y: np.ndarray, seconds: float) -> Any:
    """CalibratedClassifierCV of TabularMLPClassifier, five members."""
    return CalibratedClassifierCV(automl.TabularMLPClassifier(random_state=0), cv=5).fit(X, y)


def gradient_boosting(X: pd.DataFrame, y: np.ndarray, seconds: float) -> Any:
    """GridSearchCV over scikit-learn's gradient boosting, which has no gradient in its columns."""
    model = HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=0)
    return GridSearchCV(model, {"learning_rate": [0.03, 0.1], "max_leaf_nodes": [15, 31]}, cv=5).fit(X, y)


def flaml(X: pd.DataFrame, y: np.ndarray, seconds: float) -> Any:
    """FLAML over the shipped learner."""
    import flaml

    search = flaml.AutoML()
    search.add_learner("tabular_mlp", automl.flaml_learner)
    search.fit(X, y, task="classification", estimator_list=["tabular_mlp"], time_budget=seconds, verbose=0, seed=0)
    return search


def autogluon(X: pd.DataFrame, y: np.ndarray, seconds: float) -> Any:
    """AutoGluon's TabularPredictor with its network, in bags."""
    import tempfile

    from autogluon.tabular import TabularPredictor

    table = X.assign(**{"class": np.asarray(y, dtype=object)})
    predictor = TabularPredictor("class", path=tempfile.mkdtemp(), verbosity=0)
    return predictor.fit(table, hyperparameters={"NN_TORCH": {}}, time_limit=seconds, num_bag_folds=0)


def pytabkit(X: pd.DataFrame, y: np.ndarray, seconds: float) -> Any:
    """pytabkit's RealMLP with its tuned defaults."""
    from pytabkit import RealMLP_TD_Classifier

    return RealMLP_TD_Classifier(device="cpu", random_state=0).fit(X, np.asarray(y, dtype=object))


TOOLS: dict[str, Callable[..., Any]] = {
    "grid search": grid_search,
    "calibrated": calibrated,
    "gradient boosting": gradient_boosting,
    "flaml": flaml,
    "autogluon": autogluon,
    "pytabkit": pytabkit,
}


def add_options(parser: argparse.ArgumentParser) -> None:
    packages = ("flaml", "autogluon", "pytabkit")
    there = [name for name in TOOLS if name not in packages or importlib.util.find_spec(name)]
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=there, help="all that are installed by default")
    parser.add_argument("--seconds", type=float, default=120.0, help="time budget of FLAML and AutoGluon")
    parser.add_argument("--train-rows", type=int, default=None, help="all by default")
    parser.add_argument("--test-rows", type=int, default=None, help="all by default")
    parser.add_argument("--output", type=Path, default=RESULTS)


def run(**options: Any) -> None:
    warnings.simplefilter("ignore")
    table = fetch_adult()
    train = (table.split == "train").to_numpy()
    X, y = table.data[train][: options["train_rows"]], np.asarray(table.target[train])[: options["train_rows"]]
    rows = table.data[~train][: options["test_rows"]]
    settings = {"train_rows": len(X), "test_rows": len(rows), "kernel_rows": KERNEL_ROWS}
    path = options["output"] / "automl.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    for name in tqdm(options["tools"], desc="tools"):  # each is kept as soon as it is done
        records = [r for r in _kept(path) if r["tool"] != name] + [one(name, X, y, rows, options["seconds"])]
        records.sort(key=lambda r: list(TOOLS).index(r["tool"]))
        path.write_text(json.dumps({"settings": settings, "machine": machine(), "tools": records}, indent=1) + "\n")
        (options["output"] / "automl.md").write_text(page(records, settings))
    print(f"written to {options['output'] / 'automl.md'}")


def _kept(path: Path) -> list[dict[str, Any]]:
    """What earlier runs measured of other tools."""
    try:
        kept: list[dict[str, Any]] = json.loads(path.read_text())["tools"]
    except (OSError, ValueError):
        return []
    return kept


def one(name: str, X: pd.DataFrame, y: np.ndarray, rows: pd.DataFrame, seconds: float) -> dict[str, Any]:
    """Fit the tool, explain all test rows, and time KernelExplainer on a few."""
    started = time.perf_counter()
    predictor = TOOLS[name](X, y, seconds)
    fit = time.perf_counter() - started
    started = time.perf_counter()
    explainer = automl.fit_explainer(predictor, X, random_state=0)
    step_fit = time.perf_counter() - started
    started = time.perf_counter()
    explainer.explain(rows)
    step_explain = time.perf_counter() - started
    started = time.perf_counter()
    predictor.predict_proba(rows)
    predicting = time.perf_counter() - started
    about = explainer.about_
    same = None
    if about["by"] == "gradient":
        adapter = explainer._gathered.network
        few = rows.iloc[:500]
        with evaluating(adapter.module):
            found = adapter.probabilities(adapter.scores(adapter.tensor(adapter.encode(few)))).detach().numpy()
        same = float(np.abs(found - np.asarray(predictor.predict_proba(few))).max())
    kernel = _kernel_seconds(explainer.estimator_, X, rows) / KERNEL_ROWS * len(rows)
    return {
        "tool": name,
        "predictor": about["predictor"],
        "by": about["by"],
        "fidelity": about.get("fidelity"),
        "tool_fit": fit,
        "step_fit": step_fit,
        "step_explain": step_explain,
        "predicting": predicting,
        "share": (step_fit + step_explain) / fit,
        "kernel": kernel,
        "probabilities_differ": same,
        "machine": machine(),
    }


def _kernel_seconds(model: Any, X: pd.DataFrame, rows: pd.DataFrame) -> float:
    """KernelExplainer on the same model, student or not."""
    peer = KernelShap().fit(model, X, 0)
    started = time.perf_counter()
    peer.explain(rows.iloc[:KERNEL_ROWS])
    return time.perf_counter() - started


def page(records: list[dict[str, Any]], settings: dict[str, Any]) -> str:
    """The Markdown page."""
    rows = pd.DataFrame(
        {
            "tool": r["tool"],
            "explained by": r["by"]
            + (f" (R² {r['fidelity']['r2']:.3f}, agreement {r['fidelity']['agreement']:.1%})" if r["fidelity"] else ""),
            "the tool's fit, s": f"{r['tool_fit']:.1f}",
            "fit of the explainer, s": f"{r['step_fit']:.2f}",
            "explaining, s": f"{r['step_explain']:.2f}",
            "its predict_proba, s": f"{r['predicting']:.2f}",
            "share of the tool's fit": f"{r['share']:.1%}",
            "KernelExplainer, s (extrapolated)": f"{r['kernel']:.0f}",
            "times as long": f"{r['kernel'] / (r['step_fit'] + r['step_explain']):.0f}",
            "probabilities differ by": "–" if r["probabilities_differ"] is None else f"{r['probabilities_differ']:.0e}",
        }
        for r in records
    )
    return "\n".join(
        [
            "# The AutoML step",
            "",
            f"`python -m benchmarks automl`: Adult, {settings['train_rows']} training rows, {settings['test_rows']} "
            "test rows, all of them explained. The *share* is that of fitting the explainer (and a student, where the "
            "winner has no gradient) and of explaining, beside the tool's own fit. shap's KernelExplainer is timed on "
            f"{settings['kernel_rows']} rows of the same model and extrapolated. *Probabilities differ by*: the "
            "largest difference between those of the explained network and the tool's own predict_proba, 500 rows.",
            "",
            *markdown(rows),
            "",
            made_with(records[-1]["machine"]),
            "",
        ]
    )
