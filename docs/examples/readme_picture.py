"""Draw the picture of the README: run its code, and save what it draws to ``docs/pictures/row.png``."""

from pathlib import Path

import matplotlib as mpl

ROOT = Path(__file__).parents[2]


def run_readme():
    """Run all Python of the README from top to bottom, and return the names that it leaves."""
    names = {}
    for block in (ROOT / "README.md").read_text().split("```python\n")[1:]:
        exec(compile(block.split("```")[0], "README.md", "exec"), names)
    return names


if __name__ == "__main__":
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    run_readme()
    plt.gcf().savefig(ROOT / "docs/pictures/row.png", dpi=110, bbox_inches="tight")
