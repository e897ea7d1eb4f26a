"""Files of the synthetic study: JSON, CSV, a Markdown page and pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.shared.markdown import made_with, markdown_table, number
from benchmarks.shared.records import rows_of, write_csv, write_json
from benchmarks.synthetic import tables
from benchmarks.synthetic.comparisons import DEFAULT, PAPER
from benchmarks.synthetic.pictures import draw

METRICS = ("spearman", "spearman_random_zeros", "spearman_informative", "cosine", "relative_error")
METRICS += ("signs", "top_one", "top_k", "auprc", "noise_mass")
NETWORK_METRICS = ("spearman", "cosine", "relative_error", "signs", "top_one")
"""Against the network's own values only metrics that need no irrelevant columns: it may use any column a little."""

TRUTHS = {
    "raw": ("Against the true score (raw truth)", "Attributions as they are."),
    "contrast": (
        "Against the true score minus its mean over classes (contrast truth)",
        "What labels can identify. *Centred* attributions are minus their mean over classes.",
    ),
    "network": (
        "Against the network's own Shapley values",
        "Interventional Shapley values of the explained logit.",
    ),
    "network contrast": (
        "Against the network's own Shapley values, centred",
        "The same of the logit minus its mean over classes.",
    ),
}
"""Title and note of the section of each truth."""


def write(output: Path, result: dict[str, Any], nets: pd.DataFrame, table: pd.DataFrame, failed: pd.DataFrame) -> None:
    """Write everything from the records of all cells."""
    passed = table[table["passed"]]
    paper, default = PAPER.compared(passed), DEFAULT.compared(passed)
    output.mkdir(parents=True, exist_ok=True)
    write_csv(output / "synthetic.csv", table)
    result |= {
        "networks": rows_of(nets),
        "failures": rows_of(failed),
        "paper_family": rows_of(paper),
        "default_family": rows_of(default),
    }
    write_json(output / "synthetic.json", result)
    (output / "synthetic.md").write_text(page(result, nets, passed, failed, paper, default))
    order = result["settings"]["tasks"]
    draw(passed, order, "raw", "plain", ["spearman", "noise_mass", "top_k"], output / "synthetic-raw.png")
    draw(passed, order, "network contrast", "centred", ["cosine", "relative_error"], output / "synthetic-network.png")


def page(
    result: dict[str, Any],
    nets: pd.DataFrame,
    passed: pd.DataFrame,
    failed: pd.DataFrame,
    paper: pd.DataFrame,
    default: pd.DataFrame,
) -> str:
    """The Markdown page; tables of attributions are from networks that passed."""
    settings = result["settings"]
    lines = [*_introduction(settings, nets), *_paper_section(paper, passed), *_default_section(default)]
    for truth in TRUTHS:
        lines += _truth_section(truth, settings["tasks"], nets, passed)
    lines += [
        *_time_section(passed),
        "## Failures",
        "",
        *(markdown_table(tables.failures(failed)) if len(failed) else ["None."]),
        "",
        made_with(result["machine"]),
        "",
    ]
    return "\n".join(lines)


def _introduction(settings: dict[str, Any], nets: pd.DataFrame) -> list[str]:
    seeds = settings["seeds"]
    return [
        "# Attributions against known ground truth",
        "",
        f"`python -m benchmarks synthetic`: {len(seeds)} seeds ({seeds[0]} to {seeds[-1]}), "
        f"{settings['train_rows']:,} training rows, {settings['rows']} explained rows, "
        f"MLP {settings['width']}-{settings['width'] // 2}. Every figure is a mean over the seeds whose network "
        "passed; ± is the standard deviation over seeds. All records: `synthetic.csv`.",
        "",
        "## Networks",
        "",
        f"A network passes if it goes {settings['gate']:.0%} of the way from the majority class's rate to the accuracy "
        "of the true scores. Those that do not are counted under *failed*, and in no other table. *Reliability* is the "
        "cosine between two halves of the sampled Shapley values of the network.",
        "",
        *markdown_table(tables.networks(nets)),
        "",
    ]


def _paper_section(paper: pd.DataFrame, passed: pd.DataFrame) -> list[str]:
    return [
        "## Does the paper's ordering hold?",
        "",
        f"{PAPER.ours} against the paper's peers, raw truth, attributions as they are. Differences are paired over "
        f"seeds and positive in favour of {PAPER.ours}, with 95% intervals; p-values are Holm-adjusted over all rows "
        "of this table, paired t-test and exact Wilcoxon.",
        "",
        *markdown_table(tables.paper_comparisons(paper)),
        "",
        *_verdicts(paper),
        "",
        "The paper's own figures, as far as they are known. Its networks, numbers of rows, seeds and the functions of "
        "its tasks are not, so only the order of the methods can be compared:",
        "",
        *markdown_table(tables.published(passed)),
        "",
    ]


def _verdicts(paper: pd.DataFrame) -> Iterator[str]:
    for (metric, task), part in paper.groupby(["metric", "task"], sort=False):
        behind = part[part["difference"] <= 0]["against"]
        significant = part[(part["difference"] > 0) & (part["holm_wilcoxon"] < 0.05)]["against"]
        verdict = "leads all of them" if behind.empty else f"is behind {', '.join(behind)}"
        ahead = ", ".join(significant) or "none"
        title = tables.TITLES[metric].removesuffix(" ↓")
        yield f"- {title}, {task}: {PAPER.ours} {verdict}; significantly ahead of {ahead}."


def _default_section(default: pd.DataFrame) -> list[str]:
    return [
        "## Is the default better than its peers?",
        "",
        f"{DEFAULT.ours} against the same peers, all of them centred over classes: against the network's own Shapley "
        "values (faithfulness to the network), and against the contrast truth. Differences are paired over seeds and "
        f"positive in favour of {DEFAULT.ours}, with 95% intervals. A star: p < .05 by exact Wilcoxon, Holm-adjusted "
        "over the whole table.",
        "",
        *markdown_table(tables.default_comparisons(default)),
    ]


def _truth_section(truth: str, task_names: list[str], nets: pd.DataFrame, passed: pd.DataFrame) -> list[str]:
    title, note = TRUTHS[truth]
    lines = ["", f"## {title}", "", note]
    part = passed[passed["truth"] == truth]
    metrics = list(NETWORK_METRICS if truth.startswith("network") else METRICS)
    for task in task_names:
        of_task = part[part["task"] == task]
        accuracy = nets.loc[(nets["task"] == task) & nets["passed"], "accuracy"].mean()
        lines += ["", f"### {task}", "", f"{of_task['seed'].nunique()} seeds, accuracy {number(accuracy)}.", ""]
        lines += markdown_table(tables.methods(of_task, metrics))
    return [*lines, "", "### Mean over the tasks", "", *markdown_table(tables.methods(part, metrics, spread=False))]


def _time_section(passed: pd.DataFrame) -> list[str]:
    return [
        "",
        "## Time, and the randomisation check",
        "",
        "Seconds on one core while the other was busy, so only a rough indication; `timing.md` has measurements. The "
        "last column is the Spearman correlation of absolute attributions before and after all parameters are "
        "randomised; a method that stays near 1 does not explain the network.",
        "",
        *markdown_table(tables.times(passed)),
        "",
    ]
