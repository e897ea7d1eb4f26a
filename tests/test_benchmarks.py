"""The studies run: tiny sizes, all code paths, real libraries."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_overhead(tmp_path):
    options = "--rows 300 --columns 5 --repeats 1 --memory-rows 2000"
    call = [sys.executable, "-m", "benchmarks", "overhead", *options.split(), "--output", str(tmp_path)]
    printed = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "peak memory" in printed
    result = json.loads((tmp_path / "overhead.json").read_text())
    assert [(c["n_classes"], c["width"]) for c in result["cells"]] == [(2, 128), (2, 512), (5, 128), (5, 512)]
    assert all(cell[what]["ratio"] > 0 for cell in result["cells"] for what in ("fit", "explain"))
    assert (tmp_path / "overhead.md").read_text().count("|") > 40
