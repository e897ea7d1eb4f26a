"""The demo's files are there, and the commands that it names take them."""

import shlex

import pytest

pytest.importorskip("jinja2")
pytest.importorskip("matplotlib")


@pytest.mark.slow
def test_the_demo_and_what_it_names(tmp_path, monkeypatch, call):
    monkeypatch.chdir(tmp_path)
    result = call("demo made/by/it")
    assert result.exit_code == 0
    folder = tmp_path / "made/by/it"
    files = ["model.joblib", "report.html", "test.csv", "train.csv"]
    assert sorted(path.name for path in folder.iterdir()) == files
    first = (folder / "report.html").read_bytes()
    monkeypatch.chdir(folder)
    named = [shlex.split(line)[1:] for line in result.stdout.splitlines() if line.startswith("  agop-tabular")]
    assert [line[0] for line in named] == ["report", "audit"]
    for line in named:
        assert call(shlex.join(line)).exit_code == 0
    assert (folder / "report.html").read_bytes() != first, "it has no title of ours"
    assert sorted(path.name for path in folder.iterdir()) == files


def test_a_folder_that_cannot_be_made(tmp_path, call):
    (tmp_path / "file").write_text("in the way")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        result = call(f"demo {folder}")
        assert result.exit_code == 2
        assert "cannot be made" in result.stderr
        assert "name another" in result.stderr
