"""The package as a whole: what it exports and what importing it costs."""

import subprocess
import sys
from pathlib import Path

import agop_tabular

ROOT = Path(__file__).parents[2]


def test_exports():
    assert agop_tabular.__all__ == ["AGOPCallback", "AGOPExplainer", "Explanation", "__version__"]


def test_import_takes_nothing_heavy():
    code = "import sys, agop_tabular, agop_tabular.datasets; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    for heavy in ("shap", "lime", "captum", "openml", "matplotlib", "dask", "autogluon"):
        assert heavy not in loaded


def test_the_first_explanation_does_not_wait_for_sympy():
    """Which torch imports for gradients with weights, for longer than a small fit takes."""
    code = (
        "import sys, numpy as np, torch; from agop_tabular import AGOPExplainer; "
        "X = np.eye(3, dtype='f'); AGOPExplainer(torch.nn.Linear(3, 2)).fit(X).explain(X); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "sympy" not in loaded


def test_readme_shows_the_demos_code():
    demo = (ROOT / "docs/examples/adult.py").read_text()
    blocks = (ROOT / "README.md").read_text().split("```python\n")[1:]
    assert blocks
    for block in blocks:
        for line in block.split("```")[0].splitlines():
            assert line.strip() in demo, line


def test_changelog_names_the_version_to_come():
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text()
