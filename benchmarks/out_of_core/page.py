"""Markdown page of the study of tables larger than memory."""

from __future__ import annotations

from typing import Any

from benchmarks.shared.markdown import made_with


def page(result: dict[str, Any]) -> str:
    """The Markdown page."""
    lines = [
        "# Tables larger than memory",
        "",
        f"{result['rows']:,} rows of {result['columns']} columns, {result['gigabytes']:.1f} GB of parquet in "
        f"{result['files']} files, a network of widths 128 and 64 with three classes. Explanations are written to "
        "parquet. Peak: resident set of the whole process.",
        "",
        "| method | fit, s | explain, s | peak, GB | before the first row, GB |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {cell['method']} | {cell['fit']:.0f} | {cell['explain']:.0f} | {cell['peak_gb']:.2f} | "
        f"{cell['start_gb']:.2f} |"
        for cell in result["cells"]
    ]
    return "\n".join([*lines, "", made_with(result["machine"])]) + "\n"
