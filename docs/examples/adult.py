"""Explain a skorch network on Adult Income, from training to plots.

Run by ``make demo``; writes its plots to ``output/demo``.
"""

import textwrap
import time
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from skorch import NeuralNetClassifier
from skorch.callbacks import InputShapeSetter
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.datasets import fetch_adult


class MLP(nn.Sequential):
    def __init__(self, n_in=1, n_out=2):
        super().__init__(
            *(nn.Linear(n_in, 128), nn.ReLU(), nn.Dropout(0.2)),
            *(nn.Linear(128, 64), nn.ReLU(), nn.Dropout(0.2)),
            nn.Linear(64, n_out),
        )


def make_model():
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_include="category")),
        (StandardScaler(), make_column_selector(dtype_include="number")),
        sparse_threshold=0,
    )
    net = NeuralNetClassifier(
        MLP,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        batch_size=256,
        max_epochs=10,
        iterator_train__shuffle=True,
        callbacks=[InputShapeSetter(param_name="n_in")],
    )
    return make_pipeline(columns, FunctionTransformer(np.float32, feature_names_out="one-to-one"), net)


def main(folder=Path("output/demo")):
    torch.manual_seed(0)
    adult = fetch_adult()
    train = adult.split == "train"
    X_train, X_test = adult.data[train], adult.data[~train]
    y_train, y_test = ((adult.target[rows] == ">50K").to_numpy().astype("int64") for rows in (train, ~train))

    print(f"Adult Income: {len(X_train):,} training rows, {len(X_test):,} test rows, {X_train.shape[1]} columns\n")
    model = make_model().fit(X_train, y_train)
    auc = roc_auc_score(y_test, model.predict_proba(X_test)[:, 1])
    print(f"\ntest ROC-AUC {auc:.3f}")

    start = time.perf_counter()
    explainer = AGOPExplainer(model, class_names=adult.target_names, verbose=1).fit(X_train)
    seconds_fit = time.perf_counter() - start
    print(f"\n{explainer.audit(X_test)}")
    start = time.perf_counter()
    explanation = explainer(X_test)
    seconds = time.perf_counter() - start

    p, kept = len(explainer.eigenvalues_), explainer.rank_
    share = explainer.eigenvalues_ / explainer.eigenvalues_.sum()
    print(f"\nThe AGOP over {p} coordinates: rank {kept} keeps {share[:kept].sum():.1%} of the spectrum")
    print("  " + "  ".join(f"λ{i + 1} {value:.1%}" for i, value in enumerate(share[:6])) + "  …")

    print("\nThree test rows in words:")
    rows = rows_to_show(explanation)
    for i in rows:
        print(textwrap.fill(explanation.to_text(i), 110, initial_indent="  ", subsequent_indent="    "))

    print_global(explainer)

    start = time.perf_counter()
    model.predict_proba(X_test)
    seconds_predict = time.perf_counter() - start
    per_row, per_row_predict = seconds / len(X_test), seconds_predict / len(X_test)
    per_row_shap, n_shap = time_shap(model, X_train, X_test)
    print(
        f"\nTime: fit {seconds_fit:.2f} s on {len(X_train):,} rows; {len(X_test):,} rows explained in {seconds:.2f} s"
    )
    print(f"  predict_proba of the pipeline {1e6 * per_row_predict:10.1f} µs a row")
    print(f"  AGOPExplainer                 {1e6 * per_row:10.1f} µs a row, including preprocessing")
    print(
        f"  shap.DeepExplainer            {1e6 * per_row_shap:10.1f} µs a row, {n_shap} encoded rows, background of 100"
    )
    print(f"  DeepExplainer takes {per_row_shap / per_row:,.0f} times as long a row")

    draw(explainer, explanation, rows, folder)
    print(f"\nPlots: {', '.join(str(path) for path in sorted(folder.glob('*.png')))}")
    return {"auc": auc, "ratio": per_row_shap / per_row}


def print_global(explainer):
    """Print the most important columns and pairs of columns."""
    names = explainer.feature_names_in_
    print("\nGlobal importance: each column's share of the variance of all effects")
    for j in np.argsort(-explainer.feature_importances_)[:8]:
        print(f"  {names[j]:<16}{explainer.feature_importances_[j]:6.1%}")

    pairs = explainer.interaction_importances_
    share = np.triu(pairs, 1).sum()
    print(f"\nPairs of columns have {share:.1%} of the variance of all effects; the largest:")
    for i, j in sorted(zip(*np.triu_indices(len(pairs), 1), strict=True), key=lambda at: -pairs[at])[:3]:
        print(f"  {f'{names[i]} × {names[j]}':<34}{pairs[i, j]:6.1%}")


def rows_to_show(explanation):
    """The first two rows, and the first one with a predicted income above 50,000."""
    return [0, 1, int(np.flatnonzero(explanation.target == 1)[0])]


def time_shap(model, X_train, X_test, n=200):
    """Seconds for each row of shap's DeepExplainer on the same network, for rows that are already encoded."""
    import shap

    rng = np.random.default_rng(0)
    encoded = model[:-1].transform(X_train.iloc[rng.choice(len(X_train), 100, replace=False)])
    rows = torch.tensor(model[:-1].transform(X_test.iloc[:n]))
    module = deepcopy(model[-1].module_).eval()  # a copy: DeepExplainer leaves hooks and changes its mode
    explainer = shap.DeepExplainer(module, torch.tensor(encoded))
    explainer.shap_values(rows[:10], check_additivity=False)
    start = time.perf_counter()
    explainer.shap_values(rows, check_additivity=False)
    return (time.perf_counter() - start) / n, n


def draw(explainer, explanation, rows, folder):
    """Draw the global explanation and those of single rows."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)

    high_income = explainer(explanation.data.iloc[:2000], target=1)
    high_income.plot_summary().figure.savefig(folder / "summary.png", dpi=110)

    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
    explainer.plot_importances(ax=left)
    share = explainer.eigenvalues_[:12] / explainer.eigenvalues_.sum()
    kept = np.arange(len(share)) < explainer.rank_
    component = np.arange(1, len(share) + 1)
    right.bar(component[kept], share[kept], color="#0072b2", label=f"kept: 95% of the trace, rank {explainer.rank_}")
    right.bar(component[~kept], share[~kept], color="#c5ccd6", label="dropped")
    right.set(title="Spectrum of the AGOP", xlabel="component", ylabel="share of the trace", xticks=component)
    right.legend(frameon=False)
    figure.savefig(folder / "global.png", dpi=110)

    explainer.plot_effects()[0].figure.savefig(folder / "effects.png", dpi=110)
    explainer.plot_interactions()[0].figure.savefig(folder / "interactions.png", dpi=110)

    for place, row in enumerate(rows, start=1):
        explanation.plot(row).figure.savefig(folder / f"row-{place}.png", dpi=110)
    plt.close("all")


if __name__ == "__main__":
    main()
