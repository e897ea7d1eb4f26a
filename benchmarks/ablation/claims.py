"""Claims that were listed before the ablation study ran, and where each fails."""

from __future__ import annotations

import pandas as pd

from benchmarks.ablation.cell import Cell
from benchmarks.ablation.comparisons import NOT_CHOSEN_ON

MARGIN, FAILED_MARGIN = 0.01, 0.02
"""Non-inferiority margins, fixed before the run; the second for networks that failed to learn their task, on which the
network's own Shapley values are less reliable."""

FEWEST = 6
"""Units of a comparison that a claim looks at: with fewer, no order of differences is significant."""


def verdicts(found: pd.DataFrame, cells: list[Cell]) -> list[str]:
    """A line for each claim, from all comparisons and what the gate took."""
    decided = found[found["n"] >= FEWEST]
    return [*_network_verdicts(decided), *_truth_verdicts(decided), _gradient_verdict(decided), *_gate_verdict(cells)]


def _network_verdicts(found: pd.DataFrame) -> list[str]:
    """Against the network's own Shapley values."""
    found = found[found["block"] == "network"]
    cosine = found[found["metric"] == "cosine"]
    shap, shap_cosine = found[found["against"] == "shap-deep"], cosine[cosine["against"] == "shap-deep"]
    others = cosine[cosine["against"].isin(["integrated-gradients", "input-x-gradient", "lime"])]
    others, overall = others[_passed(others)], shap[_overall(shap)]
    passed, failed = shap_cosine[_passed(shap_cosine)], shap_cosine[_failed(shap_cosine)]
    return [
        _verdict(
            "Network, better than SHAP Deep on average where nothing was chosen, over networks and over families",
            overall[~(overall["low"] > 0)],
        ),
        _verdict(
            f"Network, cosine not inferior to SHAP Deep (margin {MARGIN}) on any family",
            passed[~(passed["low"] > -MARGIN)],
        ),
        _verdict(
            "Network, cosine significantly better than IG, Input×Gradient and LIME on every family",
            others[~_better(others)],
        ),
        _verdict(
            f"Failed networks, cosine not inferior to SHAP Deep (margin {FAILED_MARGIN})",
            failed[~(failed["low"] > -FAILED_MARGIN)],
        ),
    ]


def _truth_verdicts(found: pd.DataFrame) -> list[str]:
    """Against the contrast truth."""
    shap = found[found["against"] == "shap-deep"]
    truth, gated = shap[shap["block"] == "contrast truth"], shap[shap["block"] == "contrast truth, gated"]
    passed, gated = truth[_passed(truth)], gated[_passed(gated)]
    overall = truth[_overall(truth)]
    return [
        _verdict(
            f"Contrast truth, not inferior to SHAP Deep (margin {MARGIN}) on any family",
            passed[~(passed["low"] > -MARGIN)],
        ),
        _verdict(
            "Contrast truth, the same",
            overall[~(overall["low"] > 0)],
        ),
        _verdict(
            f"Gated, not inferior to SHAP Deep times the gate (margin {MARGIN})", gated[~(gated["low"] > -MARGIN)]
        ),
    ]


def _gradient_verdict(found: pd.DataFrame) -> str:
    """Against Input×Gradient on each family, networks that failed included."""
    found = found[(found["against"] == "input-x-gradient") & (_passed(found) | _failed(found))]
    network = (found["block"] == "network") & (found["metric"] == "cosine")
    truth = (found["block"] == "contrast truth") & found["metric"].isin(["cosine", "spearman"])
    return _verdict(
        f"Never inferior to Input×Gradient (margin {MARGIN}): network cosine, contrast cosine and Spearman",
        found[(network | truth) & ~(found["low"] > -MARGIN)],
    )


def _overall(found: pd.DataFrame) -> pd.Series:
    """Rows of all networks, and of all families, that nothing was chosen on."""
    return found["group"].str.startswith(f"{NOT_CHOSEN_ON},")


def _passed(found: pd.DataFrame) -> pd.Series:
    """Rows of one family's networks that learned their task."""
    return ~found["group"].str.contains("mean") & ~found["group"].str.contains("failed")


def _failed(found: pd.DataFrame) -> pd.Series:
    """Rows of one family's networks that did not."""
    return found["group"].str.contains("failed")


def _better(found: pd.DataFrame) -> pd.Series:
    """Rows where the default is significantly better."""
    return (found["low"] > 0) & (found["holm_wilcoxon"] < 0.05)


def _verdict(claim: str, missed: pd.DataFrame) -> str:
    where = ", ".join(
        f"{r.group} ({r.metric}, {r.against}: {r.difference:+.3f}, {r.low:+.3f} to {r.high:+.3f})"
        for r in missed.itertuples()
    )
    return f"- {claim}: " + ("holds." if missed.empty else f"holds except on {where}.")


def _gate_verdict(cells: list[Cell]) -> list[str]:
    everything = [c.gate["training rows"] for c in cells if c.family == "all-informative"]
    known = [c.gate["training rows"] for c in cells if c.passed and c.family != "all-informative"]
    known = [gate for gate in known if gate.noise is not None]
    if not known or not everything:
        return []
    noise, kept, real, lost = (
        sum(getattr(gate, name) for gate in known)
        for name in ("noise", "noise_kept", "informative", "informative_lost")
    )
    untouched = sum(gate.gated == 0 for gate in everything)
    return [
        f"- The gate takes nothing in {untouched} of {len(everything)} all-informative networks. Over the other "
        f"families' networks that learned their task it keeps {kept} of {noise} noise columns ({kept / noise:.1%}) "
        f"and loses {lost} of {real} informative ones ({lost / real:.1%})."
    ]
