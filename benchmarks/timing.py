"""Seconds, memory and growth of every explainer, over rows, features, classes and width.

All methods of a size run in one process, interleaved, after a warm-up; figures are medians over rounds, ratios medians
of the ratios within a round. The networks are initialized and not trained, which no explainer's cost depends on. A
method that would take longer than the limit is measured on fewer rows, which is stated. Memory is the peak of a process
of its own beyond what was resident before fit and explain; it needs /proc.
"""

from __future__ import annotations

import argparse
import json
import statistics
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from tqdm import tqdm

from benchmarks import methods, tasks
from benchmarks.machine import machine
from benchmarks.measure import in_own_process, median_seconds, peak_growth, timed
from benchmarks.page import made_with, markdown

matplotlib.use("Agg")
import matplotlib.pyplot as plt

RESULTS = Path(__file__).parent / "results"
OURS = "agop-ixg"
FEWEST_ROWS = 10
SLOW_ROWS = 20
"""Explained for the memory of a slow method, which does not grow with rows."""
FORWARD = "forward pass"
BASE_TIMES = 20
"""So many times the limit is allowed at the first size."""


@dataclass(frozen=True)
class Shape:
    """What a method is timed on."""

    rows: int = 500
    features: int = 20
    classes: int = 3
    width: int = 128


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--methods", nargs="+", choices=methods.METHODS, default=list(methods.METHODS))
    for name, values in (
        ("rows", [50, 500, 5000, 50000]),
        ("features", [20, 50, 100, 200]),
        ("classes", [2, 3, 5, 10]),
        ("width", [64, 128, 256, 512]),
    ):
        parser.add_argument(f"--{name}", nargs="+", type=int, default=values)
    parser.add_argument("--base", nargs=4, type=int, default=list(asdict(Shape()).values()), help="rows, features, ...")
    parser.add_argument("--train-rows", type=int, default=6000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--limit", type=float, default=10.0, help="seconds of one method at one size")
    parser.add_argument("--output", type=Path, default=RESULTS)


def run(rows, features, classes, width, base, train_rows, rounds, limit, output, **options) -> dict:
    names = options["methods"]
    base = Shape(*base)
    axes = {"rows": rows, "features": features, "classes": classes, "width": width}
    shapes = {base: None}  # first, and each one once
    for axis, values in axes.items():
        shapes |= {replace(base, **{axis: value}): None for value in values}
    measured = []
    for shape in tqdm(shapes, desc="sizes"):
        # the headline compares all of the rows, whatever they take
        allowed = BASE_TIMES * limit if shape == base else limit
        measured += at_one_size(shape, names, train_rows, rounds, allowed)
    memory = {name: in_own_process(peak_memory, name, base, train_rows) for name in tqdm(names, desc="memory")}
    result = {
        "machine": machine(),
        "base": asdict(base),
        "train_rows": train_rows,
        "rounds": rounds,
        "limit": limit,
        "axes": axes,
        "memory_mb": memory,
        "measured": measured,
    }
    table = pd.DataFrame(measured)
    output.mkdir(parents=True, exist_ok=True)
    (output / "timing.json").write_text(json.dumps(result, indent=1) + "\n")
    table.to_csv(output / "timing.csv", index=False, float_format="%.5g")
    (output / "timing.md").write_text(page(result, table))
    draw(table, base, axes, output / "timing.png")
    print(f"written to {output / 'timing.md'}")
    return result


# Measuring --------------------------------------------------------------------------------------------------------


class Subject:
    """One method at one size, and its times so far."""

    def __init__(self, name: str, net: Any, train: np.ndarray, X: np.ndarray, limit: float):
        self.name, self.net, self.train = name, net, train
        self.rows, self.failed = len(X), None
        self.fit_seconds: list[float] = []
        self.explain_seconds: list[float] = []
        try:
            self.fit()
            few = X[:FEWEST_ROWS]
            self.explainer.explain(few, "predicted")  # warm-up
            a_row = timed(lambda: self.explainer.explain(few, "predicted")) / len(few)
            self.X = X[: int(np.clip(limit / a_row, FEWEST_ROWS, len(X)))]
        except Exception as error:  # a peer may fail in any way, and that is a result
            self.failed = f"{type(error).__name__}: {error}"

    def fit(self) -> None:
        """Set the method up anew."""
        self.explainer = methods.fitted(self.name, self.net, self.train, 0)

    def take_turn(self) -> None:
        """Measure once."""
        self.fit_seconds.append(timed(self.fit))
        seconds = timed(lambda: self.explainer.explain(self.X, "predicted"))
        self.explain_seconds.append(seconds * self.rows / len(self.X))

    def record(self, ours: Subject | None) -> dict:
        """Medians, and the ratios to our method's times of the same rounds, for all rows of the size."""
        if self.failed:
            return {"method": self.name, "failed": self.failed}
        out = {
            "method": self.name,
            "measured_rows": len(self.X),
            "rounds": len(self.explain_seconds),
            "fit_seconds": statistics.median(self.fit_seconds),
            "explain_seconds": statistics.median(self.explain_seconds),
            "row_seconds": statistics.median(self.explain_seconds) / self.rows,
        }
        if ours is not None and not ours.failed:
            pairs = list(
                zip(self.fit_seconds, self.explain_seconds, ours.fit_seconds, ours.explain_seconds, strict=False)
            )
            out["ratio_explain"] = statistics.median(e / o for _, e, _, o in pairs)
            out["ratio_with_fit"] = statistics.median((f + e) / (g + o) for f, e, g, o in pairs)
        return out


def at_one_size(shape: Shape, names: list[str], train_rows: int, rounds: int, limit: float) -> list[dict]:
    """A record for each method; in every round all of them take a turn, until their time is up."""
    net, train, X = drawn(shape, train_rows)
    subjects = [Subject(name, net, train, X, limit) for name in names]
    for _ in range(rounds):
        for subject in subjects:
            if not subject.failed and sum(subject.explain_seconds) * len(subject.X) / len(X) < limit:
                subject.take_turn()
    ours = next((s for s in subjects if s.name == OURS), None)
    forward = median_seconds(lambda: net.predict_proba(X), rounds)
    return [asdict(shape) | subject.record(ours) for subject in subjects] + [
        asdict(shape) | {"method": FORWARD, "row_seconds": forward / len(X), "explain_seconds": forward}
    ]


def drawn(shape: Shape, train_rows: int) -> tuple[Any, np.ndarray, np.ndarray]:
    """A network of this shape, training rows, and rows to explain."""
    rng = np.random.default_rng(0)
    train, X = (rng.standard_normal((n, shape.features), dtype=np.float32) for n in (train_rows, shape.rows))
    net = tasks.make_net(shape.width, shape.classes, shape.features, seed=0).initialize()
    net.module_.eval()
    return net, train, X


def peak_memory(name: str, shape: Shape, train_rows: int) -> float | None:
    """MB beyond what was resident before fit and explain; none where the method failed."""
    net, train, X = drawn(shape, train_rows)
    try:
        few = X[:FEWEST_ROWS]
        methods.fitted(name, net, train[:100], 0).explain(few, "predicted")  # imports are not the method's
        X = X[:SLOW_ROWS] if name in methods.SLOW else X
        _, grown = peak_growth(lambda: methods.fitted(name, net, train, 0).explain(X, "predicted"))
    except Exception:  # which is on record where the time was taken
        return None
    return grown / 1e6


# Reporting --------------------------------------------------------------------------------------------------------


def slopes(table: pd.DataFrame, base: Shape, axes: dict[str, list[int]]) -> pd.DataFrame:
    """Exponent of each method's seconds for all rows in each axis, least squares on logs."""
    found = {}
    for axis in axes:
        for name, part in along(table, base, axis).groupby("method", sort=False):
            part = part[part["explain_seconds"] > 0]
            if len(part) > 1:
                found[name, axis] = np.polyfit(np.log(part[axis]), np.log(part["explain_seconds"]), 1)[0]
    return pd.Series(found, dtype=float).unstack(sort=False)


def along(table: pd.DataFrame, base: Shape, axis: str) -> pd.DataFrame:
    """The records that differ from the base in this axis alone."""
    same = np.all([table[name] == value for name, value in asdict(base).items() if name != axis], axis=0)
    part = table[same].sort_values(axis, kind="stable")
    return part[part["explain_seconds"].notna()] if "explain_seconds" in part else part


def page(result: dict, table: pd.DataFrame) -> str:
    base = Shape(**result["base"])
    here = table[np.all([table[name] == value for name, value in asdict(base).items()], axis=0)]
    by_method = here.set_index("method")
    lines = [
        "# Seconds, memory and growth of every explainer",
        "",
        f"`python -m benchmarks timing --limit {result['limit']:g} --rounds {result['rounds']} "
        + " ".join(f"--{axis} {' '.join(map(str, values))}" for axis, values in result["axes"].items())
        + f"`: medians of up to {result['rounds']} interleaved rounds, {result['limit']:g} seconds a method and size "
        f"({BASE_TIMES:g} times that at the first size); the explained class "
        f"is the predicted one. Fit is from {result['train_rows']:,} training rows. Networks are initialized MLPs of "
        "two hidden layers. All records: `timing.csv`.",
        "",
        f"## {base.rows} rows, {base.features} features, {base.classes} classes, width {base.width}",
        "",
        f"Ratios are a method's time over {OURS}'s in the same rounds: explaining alone, and fit and explaining "
        "together. A method that was measured on fewer rows is scaled to all of them. Memory is the peak of fit and "
        "explain beyond what was resident before.",
        "",
        *markdown(_base_table(here, result["memory_mb"])),
        "",
        *_headline(by_method, base),
        "",
        "## Growth",
        "",
        "Exponents of the time for all rows: 1 is proportional, 0 is constant. Few rows are dominated by fixed costs.",
        "",
        *markdown(
            slopes(table, base, result["axes"])
            .map(lambda v: "–" if np.isnan(v) else f"{v:.2f}")
            .rename_axis("method")
            .reset_index()
        ),
        "",
        "Milliseconds a row:",
    ]
    for axis in result["axes"]:
        wide = along(table, base, axis).pivot_table(index="method", columns=axis, values="row_seconds", sort=False)
        wide = wide[sorted(wide.columns)].map(lambda v: "–" if np.isnan(v) else _milli(v))
        lines += ["", *markdown(wide.add_prefix(f"{axis} ").reset_index())]
    if "failed" in table and table["failed"].notna().any():
        bad = table[table["failed"].notna()]
        lines += ["", "## Failures", "", *markdown(bad[[*asdict(base), "method", "failed"]])]
    return "\n".join([*lines, "", made_with(result["machine"]), ""])


def _base_table(here: pd.DataFrame, memory: dict[str, float | None]) -> pd.DataFrame:
    rows = []
    for r in here.to_dict("records"):
        known = pd.notna(r.get("explain_seconds"))
        rows.append(
            {
                "method": r["method"],
                "rows measured": f"{r['measured_rows']:.0f}" if pd.notna(r.get("measured_rows")) else "–",
                "fit, s": f"{r['fit_seconds']:.4f}" if pd.notna(r.get("fit_seconds")) else "–",
                "explain all rows, s": f"{r['explain_seconds']:.4f}" if known else "failed",
                "a row, ms": _milli(r["row_seconds"]) if known else "–",
                "ratio, explain": _times(r.get("ratio_explain")),
                "ratio, with fit": _times(r.get("ratio_with_fit")),
                "peak memory, MB": "–" if memory.get(r["method"]) is None else f"{memory[r['method']]:.1f}",
            }
        )
    return pd.DataFrame(rows)


def _headline(by_method: pd.DataFrame, base: Shape) -> list[str]:
    shown = [n for n in ("shap-deep", "shap-kernel") if n in by_method.index and "ratio_explain" in by_method]
    return [
        f"- {name} takes {_times(by_method.loc[name, 'ratio_explain'])} as long as {OURS} to explain the {base.rows} "
        f"rows, and {_times(by_method.loc[name, 'ratio_with_fit'])} with both fits included."
        for name in shown
    ]


def _times(value: float | None) -> str:
    return "–" if value is None or np.isnan(value) else f"{value:,.0f}×" if value >= 10 else f"{value:.2f}×"


def _milli(seconds: float) -> str:
    return f"{1e3 * seconds:.3g}"


def draw(table: pd.DataFrame, base: Shape, axes: dict[str, list[int]], path: Path) -> None:
    """Milliseconds a row on logarithmic axes, a panel an axis."""
    figure, panels = plt.subplots(1, len(axes), figsize=(13, 4.2), sharey=True, layout="constrained")
    names = list(dict.fromkeys(table["method"]))
    colours = dict(zip(names, plt.get_cmap("tab20")(np.linspace(0, 1, 20)), strict=False))
    for panel, axis in zip(panels, axes, strict=True):
        part = along(table, base, axis)
        for name in names:
            of = part[part["method"] == name]
            width = 2.5 if name.startswith("agop") or name == FORWARD else 1
            panel.plot(of[axis], 1e3 * of["row_seconds"], "o-", ms=3, lw=width, color=colours[name], label=name)
        panel.set(xscale="log", yscale="log", xlabel=axis)
        panel.set_xticks(axes[axis], [f"{v:,}" for v in axes[axis]], fontsize=8)
        panel.minorticks_off()
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("milliseconds a row")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", fontsize=8)
    figure.savefig(path, dpi=110)
    plt.close(figure)
