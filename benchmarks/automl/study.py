"""The AutoML step on Adult: its share of each tool's own fit, and its time compared with KernelExplainer's."""

from __future__ import annotations

import argparse
import importlib.util
import json
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from agop_tabular import AGOPExplainer, automl
from agop_tabular.baselines import KernelShap
from agop_tabular.core.evaluating import evaluating
from agop_tabular.datasets import fetch_adult
from benchmarks.automl.page import page
from benchmarks.automl.tools import PACKAGES, TOOLS
from benchmarks.shared.machine import machine
from benchmarks.shared.measure import timed
from benchmarks.shared.options import add_output
from benchmarks.shared.records import write_json

KERNEL_ROWS = 5
"""Rows that KernelExplainer is timed on, since a row takes .7 to 4 s; its time is proportional to them."""

COMPARED_ROWS = 500
"""Rows on which probabilities are compared with the tool's own."""


@dataclass(frozen=True)
class Record:
    """What was measured of a tool; times are seconds.

    Attributes
    ----------
    tool, predictor : str
        Its name in the study, and the class of what it returned.
    by : str
        How the predictor is explained: "gradient", or by a student.
    fidelity : dict or None
        Of the student.
    tool_fit : float
        The tool's own fit.
    step_fit, step_explain : float
        Fitting the explainer, and explaining all test rows.
    predicting : float
        The tool's predict_proba on all test rows.
    share : float
        Of the step in the tool's own fit.
    kernel : float
        KernelExplainer on all test rows, extrapolated.
    probabilities_differ : float or None
        Largest difference between the explained network's probabilities and the tool's own.
    """

    tool: str
    predictor: str
    by: str
    fidelity: dict[str, float] | None
    tool_fit: float
    step_fit: float
    step_explain: float
    predicting: float
    share: float
    kernel: float
    probabilities_differ: float | None
    machine: dict[str, object]


def add_options(parser: argparse.ArgumentParser) -> None:
    installed = [name for name in TOOLS if name not in PACKAGES or importlib.util.find_spec(name)]
    parser.add_argument(
        "--tools", nargs="+", choices=TOOLS, default=installed, help="all that are installed by default"
    )
    parser.add_argument("--seconds", type=float, default=120.0, help="time budget of FLAML and AutoGluon")
    parser.add_argument("--train-rows", type=int, default=None, help="all by default")
    parser.add_argument("--test-rows", type=int, default=None, help="all by default")
    add_output(parser)


def run(**options: Any) -> None:
    warnings.simplefilter("ignore")
    table = fetch_adult()
    train = (table.split == "train").to_numpy()
    X, y = table.data[train][: options["train_rows"]], np.asarray(table.target[train])[: options["train_rows"]]
    rows = table.data[~train][: options["test_rows"]]
    settings = {"train_rows": len(X), "test_rows": len(rows), "kernel_rows": KERNEL_ROWS}
    path = options["output"] / "automl.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    for name in tqdm(options["tools"], desc="tools"):  # each is saved when it is done
        records = [r for r in _saved(path) if r["tool"] != name]
        records.append(asdict(measure(name, X, y, rows, options["seconds"])))
        records.sort(key=lambda r: list(TOOLS).index(r["tool"]))
        write_json(path, {"settings": settings, "machine": machine(), "tools": records})
        (options["output"] / "automl.md").write_text(page(records, settings))
    print(f"written to {options['output'] / 'automl.md'}")


def _saved(path: Path) -> list[dict[str, Any]]:
    """Records of earlier runs, which may have had other tools, in another environment."""
    try:
        saved: list[dict[str, Any]] = json.loads(path.read_text())["tools"]
    except (OSError, ValueError):
        return []
    return saved


def measure(name: str, X: pd.DataFrame, y: np.ndarray, rows: pd.DataFrame, seconds: float) -> Record:
    """Fit the tool, explain all test rows, and time KernelExplainer on a few."""
    predictor: Any = None
    explainer: Any = None

    def fit_tool() -> None:
        nonlocal predictor
        predictor = TOOLS[name](X, y, seconds)

    def fit_explainer() -> None:
        nonlocal explainer
        explainer = automl.fit_explainer(predictor, X, random_state=0)

    tool_fit, step_fit = timed(fit_tool), timed(fit_explainer)
    step_explain = timed(lambda: explainer.explain(rows))
    predicting = timed(lambda: predictor.predict_proba(rows))
    about = explainer.about_
    return Record(
        tool=name,
        predictor=about["predictor"],
        by=about["by"],
        fidelity=about.get("fidelity"),
        tool_fit=tool_fit,
        step_fit=step_fit,
        step_explain=step_explain,
        predicting=predicting,
        share=(step_fit + step_explain) / tool_fit,
        probabilities_differ=_largest_difference(explainer, predictor, rows) if about["by"] == "gradient" else None,
        kernel=_kernel_seconds(explainer.estimator_, X, rows),
        machine=machine(),
    )


def _largest_difference(explainer: AGOPExplainer, predictor: Any, rows: pd.DataFrame) -> float:
    """Between probabilities of the explained network and the tool's own."""
    network = explainer.model_.network
    few = rows.iloc[:COMPARED_ROWS]
    with evaluating(network.module):
        found = network.probabilities(network.scores(network.tensor(network.encode(few)))).detach().numpy()
    return float(np.abs(found - np.asarray(predictor.predict_proba(few))).max())


def _kernel_seconds(model: Any, X: pd.DataFrame, rows: pd.DataFrame) -> float:
    """KernelExplainer on the explained model, which may be a student, extrapolated to all rows."""
    peer = KernelShap().fit(model, X, 0)
    return timed(lambda: peer.explain(rows.iloc[:KERNEL_ROWS])) / KERNEL_ROWS * len(rows)
