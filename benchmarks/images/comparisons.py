"""Comparisons of methods on images, paired over seeds, and the claims of the paper."""

from __future__ import annotations

import pandas as pd

from agop_tabular.evaluation import holm, paired_comparison
from benchmarks.images.maps import CONSTANT, GRADIENT
from benchmarks.shared.markdown import number, p_value

RULES = {"iou_union": "union of both shapes", "iou_own": "the image's own shape"}
KEYS = ["network", "background", "scenario"]
IG = "integrated-gradients"
BEST_OF = (IG, "smoothgrad", GRADIENT, "agop-weighted")
"""What the adaptive method is compared with: the best of these on each scenario."""

CHANCE_MARGIN = 0.05
"""Difference of IoU below which GradCAM counts as no better than random maps."""

CLAIMS = (
    ("linear", "agop-weighted", "AGOP-Weighted over IG on linear (the paper: 1.44×)"),
    ("multiplicative", "agop-global", "AGOP-Global over IG on multiplicative (the paper: 7×)"),
)


def comparisons(table: pd.DataFrame) -> pd.DataFrame:
    """Each method against Integrated Gradients, Weighted against the plain gradient, Adaptive against the others."""
    rows = []
    for keys, part in table[table["learned"]].groupby(KEYS, sort=False):
        for rule in RULES:
            values = part.pivot_table(index="seed", columns="method", values=rule)
            pairs = [(m, IG) for m in values if m != IG] + [("agop-weighted", GRADIENT)]
            pairs += [("agop-adaptive", other) for other in BEST_OF if other != IG]
            for ours, theirs in pairs:
                if ours in values and theirs in values:
                    found = paired_comparison(values[ours].to_numpy(), values[theirs].to_numpy())
                    ratio = values[ours] / values[theirs]
                    rows.append(
                        dict(zip(KEYS, keys, strict=True))
                        | {"rule": rule, "method": ours, "against": theirs}
                        | {"ours": values[ours].mean(), "theirs": values[theirs].mean()}
                        | {"ratio": values[ours].mean() / values[theirs].mean(), "ratio_sd": ratio.std()}
                        | found
                    )
    out = pd.DataFrame(rows)
    return out.assign(holm_t=holm(out["p_t"].to_numpy())) if len(out) else out


def verdicts(found: pd.DataFrame, table: pd.DataFrame) -> list[str]:
    """The claims under both rules, on both backgrounds, for each network."""
    lines = []
    for network, background in dict.fromkeys(zip(table["network"], table["background"], strict=True)):
        of = (table["network"] == network) & (table["background"] == background) & table["learned"]
        compared = found[(found["network"] == network) & (found["background"] == background)] if len(found) else found
        lines += [
            f"{network}, {background} background:",
            "",
            *_paper_verdicts(compared, table[of]),
            *_gradcam_verdict(table[of]),
            *(f"- agop-adaptive, {rule[4:]}: {_adaptive(compared, table[of], rule)}" for rule in RULES),
            "",
        ]
    return lines


def _paper_verdicts(found: pd.DataFrame, table: pd.DataFrame) -> list[str]:
    lines = []
    for scenario, method, claim in CLAIMS:
        for rule in RULES:
            r = _comparison(found, scenario, rule, method, IG)
            if r is not None:
                line = f"- {claim}, {rule[4:]}: {_in_words(r)}."
                lines.append(line + (_without_network(table, scenario, rule) if method == "agop-global" else ""))
    return lines


def _comparison(found: pd.DataFrame, scenario: str, rule: str, method: str, against: str) -> pd.Series | None:
    if found.empty:
        return None
    part = found[(found["scenario"] == scenario) & (found["rule"] == rule)]
    part = part[(part["method"] == method) & (part["against"] == against)]
    return None if part.empty else part.iloc[0]


def _in_words(r: pd.Series) -> str:
    return (
        f"{number(r['ours'])} against {number(r['theirs'])}, {r['ratio']:.2f}× (sd over seeds "
        f"{r['ratio_sd']:.2f}), difference {r['difference']:+.3f} ({r['low']:+.3f} to {r['high']:+.3f}), "
        f"p = {p_value(r['p_t'])}, n = {r['n']:.0f}"
    )


def _without_network(table: pd.DataFrame, scenario: str, rule: str) -> str:
    """The best map that training images and labels give without a network."""
    part = table[(table["scenario"] == scenario) & table["method"].isin(CONSTANT)]
    best = part.groupby("method")[rule].mean()
    return f" The best map without a network, {best.idxmax()}, has {number(best.max())}." if len(best) else ""


def _gradcam_verdict(table: pd.DataFrame) -> list[str]:
    cam = table[table["method"] == "grad-cam, last"].groupby("scenario")["iou_union"].mean()
    chance = table[table["method"] == "random"].groupby("scenario")["iou_union"].mean()
    if cam.empty:
        return []
    values = ", ".join(f"{s} {number(cam[s])} against {number(chance[s])}" for s in cam.index)
    holds = ((cam - chance).abs() < CHANCE_MARGIN).all()
    return [
        f"- GradCAM at the last layer within .05 of random (union): {values}"
        + (": holds." if holds else ": does not hold everywhere.")
    ]


def _adaptive(found: pd.DataFrame, table: pd.DataFrame, rule: str) -> str:
    """The adaptive method against the best of the others, scenario by scenario."""
    parts = []
    means = table.groupby(["scenario", "method"])[rule].mean().unstack()
    for scenario in means.index:
        ours, others = means.loc[scenario, "agop-adaptive"], means.loc[scenario, list(BEST_OF)]
        text = f"{scenario} {number(ours)}, best of the others {others.idxmax()} {number(others.max())}"
        r = _comparison(found, scenario, rule, "agop-adaptive", others.idxmax())
        if r is not None:
            text += f" ({r['difference']:+.3f}, {r['low']:+.3f} to {r['high']:+.3f})"
        parts.append(text)
    return "; ".join(parts) + "."
