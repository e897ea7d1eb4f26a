"""Claims that were listed before the ablation study ran, and where each fails."""

from __future__ import annotations

from typing import Any

import pandas as pd

from benchmarks.ablation.cell import Cell
from benchmarks.ablation.comparisons import NOT_CHOSEN_ON

MARGIN, FAILED_MARGIN = 0.01, 0.02
"""Non-inferiority margins, fixed before the run; the second for networks that failed to learn their task, on which the
network's own Shapley values are less reliable."""

SHOWN = 5
"""How many undecided comparisons a line names, the least favourable first; the records have the others."""

LEAST_FOR_WILCOXON = 6
"""Networks below which no two-sided Wilcoxon test is significant at .05: of five, the smallest p-value is .0625."""


def verdicts(found: pd.DataFrame, cells: list[Cell]) -> list[str]:
    """A line for each claim, from all comparisons and what the gate took."""
    # one seed has no interval, so it decides nothing
    decided = found[found["n"] >= 2]
    return [*_network_verdicts(decided), *_truth_verdicts(decided), _gradient_verdict(decided), *_gate_verdict(cells)]


def _network_verdicts(found: pd.DataFrame) -> list[str]:
    """Against the network's own Shapley values."""
    found = found[found["block"] == "network"]
    cosine = found[found["metric"] == "cosine"]
    shap, shap_cosine = found[found["against"] == "shap-deep"], cosine[cosine["against"] == "shap-deep"]
    others = cosine[cosine["against"].isin(["integrated-gradients", "input-x-gradient", "lime"])]
    others, overall = others[_passed(others)], shap[_overall(shap)]
    passed, failed = shap_cosine[_passed(shap_cosine)], shap_cosine[_failed(shap_cosine)]
    networks = overall["group"] == f"{NOT_CHOSEN_ON}, mean"
    return [
        _verdict("Network, better than SHAP Deep on average where nothing was chosen", overall[networks], 0, True),
        _verdict("The same, over families (by the interval alone)", overall[~networks], 0),
        _verdict(f"Network, cosine not inferior to SHAP Deep (margin {MARGIN}) on any family", passed, -MARGIN),
        _verdict(
            "Network, cosine significantly better than IG, Input×Gradient and LIME on every family", others, 0, True
        ),
        _verdict(f"Failed networks, cosine not inferior to SHAP Deep (margin {FAILED_MARGIN})", failed, -FAILED_MARGIN),
    ]


def _truth_verdicts(found: pd.DataFrame) -> list[str]:
    """Against the contrast truth."""
    shap = found[found["against"] == "shap-deep"]
    truth, gated = shap[shap["block"] == "contrast truth"], shap[shap["block"] == "contrast truth, gated"]
    passed, gated = truth[_passed(truth)], gated[_passed(gated)]
    overall = truth[_overall(truth)]
    return [
        _verdict(f"Contrast truth, not inferior to SHAP Deep (margin {MARGIN}) on any family", passed, -MARGIN),
        _verdict("Contrast truth, better than SHAP Deep on average where nothing was chosen", overall, 0),
        _verdict(f"Gated, not inferior to SHAP Deep times the gate (margin {MARGIN})", gated, -MARGIN),
    ]


def _gradient_verdict(found: pd.DataFrame) -> str:
    """Against Input×Gradient on each family, networks that failed included."""
    found = found[(found["against"] == "input-x-gradient") & (_passed(found) | _failed(found))]
    network = (found["block"] == "network") & (found["metric"] == "cosine")
    truth = (found["block"] == "contrast truth") & found["metric"].isin(["cosine", "spearman"])
    return _verdict(
        f"Never inferior to Input×Gradient (margin {MARGIN}): network cosine, contrast cosine and Spearman",
        found[network | truth],
        -MARGIN,
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


def _verdict(claim: str, found: pd.DataFrame, least: float, significant: bool = False) -> str:
    """A line on a claim that differences are above a number: where it is shown, undecided, and where they are not.

    Parameters
    ----------
    claim : str
    found : DataFrame
        The comparisons that it is about.
    least : float
        What the interval has to be above.
    significant : bool
        Whether Holm-adjusted p-values have to be below .05 as well.
    """
    if found.empty:
        return f"- {claim}: not tested."
    shown = (found["low"] > least) & ((found["holm_wilcoxon"] < 0.05) | (not significant))
    against = found["high"] < least
    parts = [f"shown in {shown.sum()} of {len(found)} comparisons"]
    undecided = found[~shown & ~against].sort_values("difference")
    if len(undecided):
        named = ", ".join(map(_difference, undecided.head(SHOWN).itertuples()))
        above = (undecided["low"] > least).sum()
        others = len(undecided) - SHOWN
        more = f", and {others} with larger differences (`ablation.json`)" if others > 0 else ""
        parts.append(f"undecided: {named}{more}")
        if significant and above and found["n"].max() < LEAST_FOR_WILCOXON:
            parts.append(
                f"{above} of these intervals are above {least:g}, but with fewer than {LEAST_FOR_WILCOXON} networks "
                "of a family no Wilcoxon test can be significant"
            )
    if against.any():
        parts.append("not so: " + ", ".join(map(_difference, found[against].itertuples())))
    return f"- {claim}: " + ("holds." if shown.all() else "; ".join(parts) + ".")


def _difference(row: Any) -> str:
    """A comparison with its interval and number of units."""
    interval = f"{row.difference:+.3f}, {row.low:+.3f} to {row.high:+.3f}"
    return f"{row.group} ({row.metric}, {row.against}, {row.n:.0f}: {interval})"


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
