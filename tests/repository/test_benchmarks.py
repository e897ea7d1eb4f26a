"""The studies run: tiny sizes, all code paths, real libraries."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from agop_tabular.automl import TabularMLPClassifier
from benchmarks.__main__ import STUDIES, main
from benchmarks.automl.tools import TOOLS
from benchmarks.budget.coalitions import NOISY, SAMPLERS
from benchmarks.evidence.ages import with_age
from benchmarks.orders.study import FINER
from benchmarks.shared import families, machine, methods, problems, tasks
from benchmarks.shared.cells import Cells
from benchmarks.shared.pictures import apart
from benchmarks.synthetic import study as synthetic
from benchmarks.training_guided.explainers import REGION_METHODS as guided_methods
from benchmarks.training_guided.page import PEERS
from benchmarks.training_guided.page import page as guided_page

METHODS = methods.DEFAULT
METRICS = ("clean", "srg", "srg_zero", "deletion", "insertion", "average_drop", "row_seconds")
ROOT = Path(__file__).parents[2]


def call(study, output, options, capsys):
    main([study, "--output", str(output), *shlex.split(options)])
    return capsys.readouterr().out


@pytest.mark.slow
def test_overhead(tmp_path, capsys):
    printed = call(
        "overhead",
        tmp_path,
        "--rows 300 --columns 5 --repeats 1 --memory-rows 2000 --default-rows 200 --default-columns 6",
        capsys,
    )
    assert "peak memory" in printed
    result = json.loads((tmp_path / "overhead.json").read_text())
    assert [(c["n_classes"], c["width"]) for c in result["cells"]] == [(2, 128), (2, 512), (5, 128), (5, 512)]
    assert all(cell[what]["ratio"] > 0 for cell in result["cells"] for what in ("fit", "explain"))
    assert (tmp_path / "overhead.md").read_text().count("|") > 40
    assert [cell["trained"] for cell in result["default"]] == [True, False]
    assert all(cell["ratio"] > 1 and cell["tables_mb"] > 0 for cell in result["default"])


@pytest.mark.slow
def test_import_time(tmp_path, capsys):
    assert "AGOPExplainer / skorch: " in call("import-time", tmp_path, "--repeats 1", capsys)
    result = json.loads((tmp_path / "import-time.json").read_text())
    assert result["seconds"]["agop_tabular"] < result["seconds"]["skorch"] / 3, "its names are imported when used"
    assert (tmp_path / "import-time.md").read_text().count("|") == 24


@pytest.mark.slow
def test_out_of_core(tmp_path, capsys):
    pytest.importorskip("distributed")
    options = "--rows 4000 --files 4 --methods agop-ixg"
    assert "4,000 rows" in call("out-of-core", tmp_path, options, capsys)
    (cell,) = json.loads((tmp_path / "out-of-core.json").read_text())["cells"]
    assert cell["n"] == 4000
    assert cell["partitions"] == 4
    assert 0 < cell["start_gb"] <= cell["peak_gb"] < 2
    assert (tmp_path / "out-of-core.md").read_text().count("|") > 15


@pytest.mark.slow
def test_scale(tmp_path, capsys):
    pytest.importorskip("distributed")
    options = "--vary rank --repeats 1 --image-rows 2 --worker-rows 800"
    assert "two workers" in call("scale", tmp_path, options, capsys)
    result = json.loads((tmp_path / "scale.json").read_text())
    assert [cell["kept"] for cell in result["cells"]] == [1, 10, 100]
    assert all(cell["ratios"]["captum Input×Gradient"] > cell["ratios"]["agop-ixg"] > 1 for cell in result["cells"])
    assert result["workers"]["fit"] > 0
    assert "Dask workers" in (tmp_path / "scale.md").read_text()


def test_gpu(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("benchmarks.gpu.study.SIZES", ((6, 8),))
    assert "written to" in call("gpu", tmp_path, "--device cpu --rows 300 --repeats 1", capsys)
    (cell,) = json.loads((tmp_path / "gpu.json").read_text())["cells"]
    assert cell["differences"] == {"agop": 0, "agop-ixg": 0}, "the same device answers the same"
    assert min(*cell["cpu_ms"].values(), *cell["device_ms"].values()) > 0
    assert "| 6 | 8 |" in (tmp_path / "gpu.md").read_text()


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_gpu_without_one(tmp_path, capsys):
    with pytest.raises(SystemExit, match="finds no GPU"):
        call("gpu", tmp_path, "", capsys)


def test_without_arguments_it_lists_the_studies():
    call = [sys.executable, "-m", "benchmarks"]
    printed = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lines = {line.split()[0]: line for line in printed.splitlines() if line.startswith("  ")}
    assert list(lines) == list(STUDIES)
    assert all(len(line) < 140 for line in lines.values())


def test_every_study_has_a_page_and_a_line_in_the_readme():
    readme = (ROOT / "benchmarks/README.md").read_text()
    for name, study in STUDIES.items():
        assert Path(study.__file__).with_name("page.py").exists()
        assert f"| `{name}` |" in readme


def test_synthetic(tmp_path, capsys):
    options = (
        "--tasks linear syn4 --seeds 1 --rows 4 --train-rows 500 --features 6 --permutations 4 --jobs 1 --methods "
    )
    some = options + "agop-ixg agop-global shap-deep integrated-gradients random"
    assert "cells: 0 of 2 are already done" in call("synthetic", tmp_path, some, capsys)
    cells = {path: path.stat().st_mtime_ns for path in (tmp_path / "synthetic.cells").iterdir()}
    assert len(cells) == 2
    assert "cells: 2 of 2 are already done" in call("synthetic", tmp_path, some, capsys)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "synthetic.cells").iterdir()} == cells
    assert "cells: 0 of 2 are already done" in call("synthetic", tmp_path, options + " ".join(METHODS), capsys)
    table = pd.read_csv(tmp_path / "synthetic.csv")
    assert not table.duplicated(["task", "seed", "method", "truth", "form"]).any()
    assert set(table["method"]) == set(METHODS)
    result = json.loads((tmp_path / "synthetic.json").read_text())
    assert result["failures"] == []
    assert {"shap", "captum", "lime", "torch"} <= set(result["machine"])
    assert [(net["task"], net["seed"]) for net in result["networks"]] == [("linear", 1000), ("syn4", 1000)]
    assert "## Does the paper's ordering hold?" in (tmp_path / "synthetic.md").read_text()
    assert (tmp_path / "synthetic-raw.png").stat().st_size > 5000


def test_a_cell_of_other_settings_or_half_written_is_not_taken(tmp_path):
    cells = Cells(tmp_path, {"rows": 3})
    cells.write("linear-0", {"seed": 0})
    assert cells.read("linear-0") == {"seed": 0}
    assert Cells(tmp_path, {"rows": 4}).read("linear-0") == {}
    assert cells.read("linear-1") == {}
    (tmp_path / "linear-0.json").write_text('{"settings": {"rows": 3}, "ce')
    assert cells.read("linear-0") == {}


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_a_record_names_its_commit(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert machine.commit() == "unknown"
    (tmp_path / "pyproject.toml").write_text("[project]")
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    for command in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "first")):
        subprocess.run(("git", *command), cwd=tmp_path, check=True)
    name = machine.commit()
    assert len(name) >= 10
    (tmp_path / "notes.txt").write_text("no code")
    assert machine.commit() == name
    (tmp_path / "pyproject.toml").write_text("[tool]")
    assert machine.commit() == f"{name} and changes"


def test_a_failing_method_is_recorded(tmp_path, monkeypatch):
    def fails(*_):
        raise RuntimeError("no such luck")

    trained = tasks.train("linear", 0, tasks.Size(train_rows=300, rows=3, width=8))
    monkeypatch.setattr(methods, "fitted", fails)
    result = synthetic.evaluate("lime", trained, np.zeros(3, int), {}, 0)
    assert result.failed == "RuntimeError: no such luck"
    accuracy = {"accuracy": 0.8, "best_accuracy": 0.9, "majority": 0.5}
    other = {"reliability": 1.0, "own_cosine_with_truth": 1.0, "informative": 3}
    cell = synthetic.Cell(task="linear", seed=0, **accuracy, **other, methods={"lime": result})
    failed = synthetic.failures([cell], ["lime"])
    assert failed["failed"].tolist() == ["RuntimeError: no such luck"]


@pytest.mark.slow
def test_timing(tmp_path, capsys):
    options = (
        "--base 12 4 3 8 --rows 12 24 --features 4 6 --classes 3 --width 8 --train-rows 120 --rounds 1 --limit 0.1"
    )
    call("timing", tmp_path, options + " --methods agop-ixg shap-deep", capsys)
    result = json.loads((tmp_path / "timing.json").read_text())
    assert set(result["memory_mb"]) == {"agop-ixg", "shap-deep"}
    assert not any("failed" in record for record in result["measured"])
    base = {r["method"]: r for r in result["measured"] if r["rows"] == 12 and r["features"] == 4}
    assert base["agop-ixg"]["ratio_explain"] == 1
    assert base["shap-deep"]["ratio_explain"] > 1
    assert (tmp_path / "timing.png").stat().st_size > 5000
    page = (tmp_path / "timing.md").read_text()
    assert "shap-deep takes" in page
    assert "| method | rows | features |" in page


@pytest.mark.slow
def test_ablation(tmp_path, capsys):
    options = "--families untrained 50-levels --seeds 2 --first-seed 0 --rows 3 --permutations 4 --jobs 1"
    assert "cells: 0 of 3 are already done" in call("ablation", tmp_path, options, capsys)
    assert "cells: 3 of 3 are already done" in call("ablation", tmp_path, options, capsys)
    table = pd.read_csv(tmp_path / "ablation.csv.gz")
    assert set(table["truth"]) == {"raw", "contrast", "network contrast"}
    assert {"agop", "agop, refine=16", "without pair effects", "shap-deep", "network-shapley"} <= set(table["method"])
    gated = table[(table["family"] == "untrained") & (table["form"] == "centred gated")]
    assert len(gated) == table["method"].nunique(), "of a family that defaults were chosen on, one of two seeds"
    page = (tmp_path / "ablation.md").read_text()
    assert "The gate" not in page  # no family with noise that was learned, so no claim
    assert "| test rows | 0.95 to 1 |" in page
    assert "| method | nothing was chosen on (2 of 1 families) | all new (2 of 1 families) |" in page
    assert (tmp_path / "ablation-trust.png").stat().st_size > 5000


def test_automl(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(TOOLS, "grid search", lambda X, y, _: TabularMLPClassifier(max_epochs=3).fit(X, y))
    call("automl", tmp_path, "--tools 'grid search' --train-rows 400 --test-rows 10", capsys)
    (record,) = json.loads((tmp_path / "automl.json").read_text())["tools"]
    assert record["by"] == "gradient"
    assert record["probabilities_differ"] < 1e-5
    assert record["kernel"] > record["step_explain"]
    assert "| grid search | gradient |" in (tmp_path / "automl.md").read_text()


def test_raw_truth(tmp_path, capsys):
    shutil.copy(ROOT / "benchmarks/results/ablation.csv.gz", tmp_path)
    call("raw-truth", tmp_path, "", capsys)
    kept = with_age((ROOT / "benchmarks/results/ablation-raw.md").read_text(), older=False)
    assert (tmp_path / "ablation-raw.md").read_text() == kept, "the page is made of the records in its folder"


@pytest.mark.slow
def test_images(tmp_path, capsys):
    options = (
        "--scenarios linear translations_rotations --backgrounds white --networks MLP --seeds 2 --first-seed 150 "
        "--epochs 12 --images 1000 --jobs 1"
    )
    assert "cells: 0 of 4 are already done" in call("images", tmp_path, options, capsys)
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "images.cells").glob("*.json")}
    assert len(done) == 6
    assert "cells: 4 of 4 are already done" in call("images", tmp_path, options, capsys)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "images.cells").glob("*.json")} == done
    records = pd.read_csv(tmp_path / "images.csv")
    assert {"agop-adaptive", "vanilla-gradient", "integrated-gradients", "class means", "random"} <= set(
        records["method"]
    )
    assert "grad-cam, last" not in set(records["method"])  # no convolution
    linear = records[records["scenario"] == "linear"].groupby("method")
    assert linear["iou_union"].mean()["class means"] > 0.8
    assert linear["iou_union"].mean()["random"] < 0.15
    page = (tmp_path / "images.md").read_text()
    assert "| places moved |" in page or "no network learned" in page
    assert (tmp_path / "images-maps.png").stat().st_size > 3000


def test_budget(tmp_path, capsys):
    call("budget", tmp_path, "--families 300-rows --seeds 1 --rows 3 --permutations 400 --pairs 1 16 --jobs 1", capsys)
    errors = pd.read_csv(tmp_path / "budget.csv").groupby(["method", "pairs"])["error"].min()
    assert errors["refined", 16] < errors["permutations", 16] < errors["permutations", 1]
    assert errors["look-up", 0] < errors["permutations", 1]
    assert {*SAMPLERS, NOISY, "KernelSHAP"} < set(errors.index.get_level_values("method"))
    assert "worth of the look-up" in (tmp_path / "budget.md").read_text()


def test_orders(tmp_path, capsys):
    call(
        "orders", tmp_path, "--families product-of-three --rows 4 --permutations 1000 --background 300 --jobs 1", capsys
    )
    (network,) = json.loads((tmp_path / "orders.json").read_text())["networks"]
    errors = network["orders"]
    assert errors["3"] < min(errors["1"], errors["2"]) / 2, "the scores have a product of three columns"
    assert set(network["tables"]) == {"as it is", *FINER, "all of these"}
    assert len(set(network["tables"].values())) > 2, "the constants are replaced where they are used"
    assert "| mean of families with three exact orders | 1 |" in (tmp_path / "orders.md").read_text()


def test_probability(tmp_path, capsys):
    call("probability", tmp_path, "--families 300-rows --rows 4 --permutations 200 --refine 2", capsys)
    found = {record["output"]: record for record in json.loads((tmp_path / "probability.json").read_text())["networks"]}
    assert min(record["cosine"] for record in found.values()) > 0.8
    assert max(record["gap"] for record in found.values()) < 1e-4
    assert "| mean |" in (tmp_path / "probability.md").read_text()


def test_audit(tmp_path, capsys):
    options = "--families wine random --seeds 1 --fresh 20 --pairs 8 --audits 2 --jobs 1"
    assert "cells: 0 of 3 are already done" in call("audit", tmp_path, options, capsys)
    found = json.loads((tmp_path / "audit.json").read_text())["networks"]
    assert [record["seed"] for record in found] == [5000, 5000, 5001]  # of unseen families twice as many
    assert len(found[0]["coverage"]) == 2
    assert 0.5 < np.mean([record["coverage"] for record in found]) <= 1
    page = (tmp_path / "audit.md").read_text()
    assert "| 1 development and control |" in page
    assert "| 2 unseen and real |" in page


def test_importance(tmp_path, capsys):
    call("importance", tmp_path, "--families wine regression --seeds 1 --repeats 2 --refits 2 --jobs 1", capsys)
    found = json.loads((tmp_path / "importance.json").read_text())["networks"]
    assert min(record["with_permutation"]["effects"] for record in found) > 0.3
    assert min(record["inside"] for record in found) > 0.5
    assert "| mean |" in (tmp_path / "importance.md").read_text()


@pytest.mark.slow
def test_segments(tmp_path, capsys):
    call("segments", tmp_path, "--seeds 1 --train 500 --test 3 --epochs 1 --jobs 1", capsys)
    (network,) = json.loads((tmp_path / "segments.json").read_text())["networks"]
    assert network["pictures"] > 0
    for found in network["methods"].values():
        assert all(0 <= value <= 1 for way in found.values() for value in way.values())
    assert "| agop-weighted |" in (tmp_path / "segments.md").read_text()
    assert (tmp_path / "segments-class-models.png").exists()


def test_every_family_draws_what_it_says():
    for family in ("categorical", "random", "varied", "three-way", "steps", "geometric"):
        problem = families.FAMILIES[family][1](np.random.RandomState(0))
        assert len(problem.X) == problem.train_rows + problems.EXPLAINED + problems.JUDGED
        rows = problem.X[:500]
        target = problem.truth.scores(rows).argmax(axis=1)
        attributions = problem.truth.attributions(rows, target)
        noise = np.setdiff1d(np.arange(problem.X.shape[1]), problem.truth.informative)
        assert (attributions[:, noise] == 0).all()
        agree = (target == problem.y[:500]).mean()
        assert agree > np.bincount(problem.y).max() / len(problem.y) - 0.05
        s = problem.truth.scores(problem.X)
        expected = s[np.arange(500), target] - s.mean(axis=0)[target]
        error = np.linalg.norm(attributions.sum(axis=1) - expected) / np.linalg.norm(expected)
        assert error < 0.2, family


@pytest.mark.slow
def test_roar(tmp_path, capsys):
    options = (
        "--data adult --methods agop agop-ixg input-x-gradient --seeds 2 --random 1 --train-rows 300 --test-rows 200 "
        "--ranking-rows 20 --epochs 1 --jobs 1"
    )
    assert "rankings: 0 of 2 are already done" in call("roar", tmp_path, options, capsys)
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "roar.cells").rglob("*.json")}
    assert "rankings: 2 of 2 are already done" in call("roar", tmp_path, options, capsys)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "roar.cells").rglob("*.json")} == done
    curves = pd.read_csv(tmp_path / "roar.csv")
    assert set(curves["method"]) == {"agop", "agop-ixg", "input-x-gradient", "random"}
    assert (curves.groupby(["method", "seed", "curve"]).size() == 15).all()
    page = (tmp_path / "roar.md").read_text()
    assert "(the paper: about 1.7%)" in page
    assert "| random |" in page
    assert (tmp_path / "roar-adult.png").stat().st_size > 5000


@pytest.mark.slow
def test_training_guided(tmp_path, capsys):
    options = (
        "--problems linear expression --seeds 1 --first-seed 3 --train-rows 1500 --permutations 4 --epochs 5 "
        "--agop-rows 50 --ansatz-seeds 0 --jobs 1"
    )
    assert "networks of regions: 0 of 1 are already done" in call("training-guided", tmp_path, options, capsys)
    result = json.loads((tmp_path / "training-guided.json").read_text())
    found = {(n["problem"], n["seed"]): n for n in result["networks"]}
    linear = found["linear", 3]["methods"]
    assert linear["shap-deep"]["cosine"] > 0.9 > linear["random"]["cosine"]
    assert linear["xtrain"]["own_cosine"] > 0.5
    for training, readings in found["expression", 3]["unseen"].items():
        assert readings["xtrain+"]["zero"] >= readings["positive parts"]["zero"]
        if training != "early stopping":
            assert readings["own term of the loss"]["zero"] == 0, "its own term pushes the score down"
    page = (tmp_path / "training-guided.md").read_text()
    assert "## A class without training rows" in page
    assert "| own term of the loss | – | .000 | .000 |" in page
    assert "| xwp-c |" in page


def test_training_guided_says_which_claims_hold():
    """Of made-up records: cleaner than all peers on typefaces, and behind all on shifted ones."""
    networks = [
        {
            "problem": problem,
            "seed": seed,
            "accuracy": 1.0,
            "checkpoints": 9,
            "megabytes": 1.0,
            "share_of_training": 0.01,
            "columns_get": 0.3,
            "methods": {
                method: dict.fromkeys(METRICS, 0.5 + sign * (method == "xtrain") * (0.2 + 0.001 * seed))
                for method in guided_methods
            },
        }
        for problem, sign in (("typefaces", 1), ("typefaces-shifted", -1))
        for seed in range(5)
    ]
    page = guided_page({"networks": networks, "ansatz": [], "machine": {"torch": "2"}})
    n = len(PEERS)
    assert f"- XtrAIn is cleaner, on typefaces: against {n} of {n} methods" in page
    assert (
        f"- XtrAIn is cleaner, on shifted typefaces: against 0 of {n} methods it is better, against {n} worse." in page
    )


def test_labels_of_a_picture_are_moved_apart_no_further_than_needs_be():
    assert apart(np.array([]), 0.1).size == 0
    np.testing.assert_allclose(apart(np.array([0.2, 0.5, 0.9]), 0.1), [0.2, 0.5, 0.9])
    np.testing.assert_allclose(
        apart(np.array([0.1, 0.5, 0.5, 0.52, 0.9]), 0.1), [0.1, 0.4067, 0.5067, 0.6067, 0.9], atol=1e-4
    )
