"""The documentation's code runs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^(```|:::)(?:python|\{literalinclude\} (\S+))\n(.*?)^\1$", re.M | re.S)


def literal(path, options):
    """What Sphinx's literalinclude takes out of a file, for the options that the page uses."""
    text = (ROOT / "docs" / path).read_text()
    wanted = dict(re.findall(r":([a-z-]+): (.+)", options))
    if "pyobject" in wanted:
        return re.search(rf"^(?:class|def) {wanted['pyobject']}\b.*?(?=^\S)", text, re.M | re.S)[0]
    start = text.index(wanted["start-at"])
    stop = text.index(wanted["end-at"], start) + len(wanted["end-at"])
    return text[start:stop]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_quickstart_runs_from_top_to_bottom(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs/quickstart.md").read_text()
    blocks = [body if not path else literal(path, body) for _, path, body in FENCE.findall(page)]
    assert len(blocks) > 10
    names = {}
    for block in blocks:
        exec(compile(block, "quickstart.md", "exec"), names)
    assert (tmp_path / "beeswarm.png").stat().st_size > 10_000
    assert names["explainer"].n_features_in_ == 14


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_demo(tmp_path):
    names = {"__name__": "demo"}
    exec(compile((ROOT / "docs/examples/adult.py").read_text(), "adult.py", "exec"), names)
    result = names["main"](tmp_path)
    assert result["auc"] >= 0.90
    assert result["ratio"] > 100
    assert sorted(p.name for p in tmp_path.iterdir()) == ["beeswarm.png", "global.png", "rows.png"]
