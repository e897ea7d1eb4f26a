"""Markdown page of the AutoML study."""

from __future__ import annotations

from typing import Any

import pandas as pd

from benchmarks.shared.markdown import made_with, markdown_table


def page(records: list[dict[str, Any]], settings: dict[str, Any]) -> str:
    """The Markdown page."""
    return "\n".join(
        [
            "# The AutoML step",
            "",
            f"`python -m benchmarks automl`: Adult, {settings['train_rows']} training rows, {settings['test_rows']} "
            "test rows, all of them explained. The *share* is the time of fitting the explainer (with a student, if "
            "the winner has no gradient) and of explaining, divided by the tool's own fit. shap's KernelExplainer is "
            f"timed on {settings['kernel_rows']} rows of the same model and extrapolated. *Probabilities differ by*: "
            "the largest difference between those of the explained network and the tool's own predict_proba, 500 rows.",
            "",
            *markdown_table(pd.DataFrame(map(_row, records))),
            "",
            made_with(records[-1]["machine"]),
            "",
        ]
    )


def _row(r: dict[str, Any]) -> dict[str, str]:
    student = f" (R² {r['fidelity']['r2']:.3f}, agreement {r['fidelity']['agreement']:.1%})" if r["fidelity"] else ""
    return {
        "tool": r["tool"],
        "explained by": r["by"] + student,
        "the tool's fit, s": f"{r['tool_fit']:.1f}",
        "fit of the explainer, s": f"{r['step_fit']:.2f}",
        "explaining, s": f"{r['step_explain']:.2f}",
        "its predict_proba, s": f"{r['predicting']:.2f}",
        "share of the tool's fit": f"{r['share']:.1%}",
        "KernelExplainer, s (extrapolated)": f"{r['kernel']:.0f}",
        "times as long": f"{r['kernel'] / (r['step_fit'] + r['step_explain']):.0f}",
        "probabilities differ by": "–" if r["probabilities_differ"] is None else f"{r['probabilities_differ']:.0e}",
    }
