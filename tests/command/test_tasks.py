"""What each command makes of its files, and what it refuses before and after reading them."""

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from agop_tabular import AGOPExplainer
from agop_tabular.command.tasks import Inputs, chosen_class

NAMES = ["age", "income", "visits", "debt"]


def attributions(path):
    """A long table as rows and columns."""
    long = pd.read_parquet(path) if str(path).endswith("parquet") else pd.read_csv(path)
    return long.pivot(index="row", columns="feature", values="attribution")[NAMES].to_numpy()


def test_explain_is_what_python_gives(folder, call, mlp, table):
    result = call("explain model.joblib table.csv --target kind --out out.parquet --trust")
    assert result.exit_code == 0
    X = table[NAMES]
    np.testing.assert_allclose(attributions("out.parquet"), AGOPExplainer(mlp).fit(X).explain(X), rtol=1e-5, atol=1e-7)
    assert result.stdout.startswith("Explanation of 150 rows and 4 columns by method 'agop', in log-odds\n")
    assert result.stdout.endswith("Written to out.parquet.\n")
    assert "model.joblib is a pickle: loading it runs the code in it" in result.stderr


def test_rows_to_fit_and_rows_to_explain(folder, call, mlp, table):
    table.iloc[:100].to_csv("train.csv", index=False)
    table.iloc[100:][["debt", "visits", "income", "age"]].to_parquet("new.parquet")
    result = call("explain model.joblib new.parquet --train train.csv --target-less")
    assert result.exit_code == 2
    result = call("explain model.joblib new.parquet --train train.csv --out out.csv --class yes --trust")
    assert result.exit_code == 2, "train.csv has the labels, and nothing says so"
    assert "train.csv has columns that the model does not: 'kind'; --target COLUMN" in result.stderr
    table.iloc[:100][NAMES].to_csv("train.csv", index=False)
    assert call("explain model.joblib new.parquet --train train.csv --out out.csv --class yes --trust").exit_code == 0
    explainer = AGOPExplainer(mlp).fit(table[NAMES].iloc[:100])
    expected = explainer.explain(table[NAMES].iloc[100:], target="yes")
    np.testing.assert_allclose(attributions("out.csv"), expected, rtol=1e-5, atol=1e-7)


def test_a_csv_says_what_a_parquet_says(folder, call, table):
    rng = np.random.default_rng(0)
    X = table[["age"]].assign(country=rng.choice(["NA", "DE", "None"], 150), code=rng.choice(["01", "1"], 150))
    X["code"] = X["code"].mask(rng.random(150) < 0.1)
    y = np.where(X["age"] + 2 * (X["country"] == "NA") - 2 * (X["code"] == "01") > 0, "None", "True")
    filled = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(sparse_output=False))
    coded = make_column_transformer((filled, ["country", "code"]), remainder="passthrough")
    joblib.dump(make_pipeline(coded, MLPClassifier((8,), max_iter=80, random_state=0)).fit(X, y), "levels.joblib")
    X.assign(label=y).to_csv("t.csv", index=False)
    X.assign(label=y).to_parquet("t.parquet")
    for ending in ("csv", "parquet"):
        line = f"explain levels.joblib t.{ending} --target label --out {ending}.parquet --class None --trust"
        assert call(line).exit_code == 0
        assert call(f"report levels.joblib t.{ending} --target label --out {ending}.html --trust").exit_code == 0
    left, right = pd.read_parquet("csv.parquet"), pd.read_parquet("parquet.parquet")
    pd.testing.assert_frame_equal(left, right)
    assert {"NA", "None", "01"} < set(left["value"])
    X.assign(label=y, age=["1,304.00"] * 150).to_csv("t.csv", index=False)
    result = call("audit levels.joblib t.csv --target label --trust")
    assert result.exit_code == 2
    assert "t.csv has the cell '1,304.00' in the column 'age', where the model needs a number." in result.stderr


def test_audit(folder, call, mlp, table):
    table.iloc[:100].to_csv("train.csv", index=False)
    table.iloc[100:].to_csv("test.csv", index=False)
    result = call("audit model.joblib test.csv --train train.csv --target kind --rows 20 --trust")
    assert result.exit_code == 0
    assert result.stdout.startswith("Audit of method 'agop' on 20 rows and 4 columns, in log-odds\n")
    lines = [line.split("\t") for line in result.stdout.splitlines() if "\t" in line]
    assert lines[0] == ["column", "error", "share of the squared error", "mean |attribution|"]
    assert {line[0] for line in lines[1:]} == set(NAMES)
    assert "rows of the audit" not in result.stderr
    result = call("audit model.joblib test.csv --target kind --rows 20 --trust")
    assert "the rows of the audit are those that the explainer was fitted on" in result.stderr
    joblib.dump(AGOPExplainer(mlp).fit(table[NAMES].iloc[:100]), "explainer.joblib")
    result = call("audit explainer.joblib test.csv --target kind --rows 20 --trust")
    assert result.exit_code == 0
    assert "rows of the audit" not in result.stderr, "a pickled explainer was fitted on others"
    assert call("audit model.joblib test.csv --explainer a.agop --trust").exit_code == 2, "files hold no rows"


def test_report(folder, call, mlp, table):
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    table.iloc[:100].to_csv("train.csv", index=False)
    table.iloc[100:].to_csv("test.csv", index=False)
    result = call("report model.joblib test.csv --train train.csv --target kind --title Debts --date 2026 --trust")
    assert result.exit_code == 0
    assert result.stdout == "Written to report.html.\n"
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Debts" in page
    assert "2026" in page
    explainer = AGOPExplainer(mlp).fit(table[NAMES].iloc[:100])
    X, y = table[NAMES].iloc[100:], table["kind"].iloc[100:]
    explainer.report(X.reset_index(drop=True), y, "python.html", title="Debts", date="2026")
    assert len((folder / "python.html").read_text(encoding="utf-8")) == pytest.approx(len(page), rel=0.01)
    for out, sentence in (
        ("page.pdf", "does not end in .html, .htm"),
        ("nowhere/page.html", "nowhere does not exist; make it first"),
    ):
        result = call(f"report model.joblib test.csv --out {out} --trust")
        assert result.exit_code == 2
        assert sentence in result.stderr
    result = call("report model.joblib table.csv --out report.html --trust")
    assert result.exit_code == 2
    assert (folder / "report.html").read_text(encoding="utf-8") == page


def test_saved_explainers(folder, call, mlp, table):
    explainer = AGOPExplainer(mlp).fit(table[NAMES].iloc[:100])
    explainer.save("a.agop")
    joblib.dump(explainer, "explainer.joblib")
    AGOPExplainer(mlp, method="agop-global").fit(table[NAMES]).save("global.agop")
    expected = explainer.explain(table[NAMES])
    for files in ("model.joblib table.csv --explainer a.agop", "explainer.joblib table.csv"):
        assert call(f"explain {files} --target kind --out out.csv --trust").exit_code == 0
        np.testing.assert_allclose(attributions("out.csv"), expected, rtol=1e-5, atol=1e-7)
        (folder / "out.csv").unlink()
    assert call("explain global.agop table.csv --target kind --out out.csv").exit_code == 0
    for files, sentence in (
        ("a.agop table.csv", "holds an explainer without its network; give the network as MODEL, and this file as"),
        ("explainer.joblib table.csv --explainer a.agop", "and --explainer names a second one"),
        ("explainer.joblib table.csv --train table.csv", "fitted already, so --train has nothing to do"),
        ("model.joblib table.csv --explainer a.agop --student", "fitted already, so --student has nothing to do"),
        ("model.joblib table.csv --explainer model.joblib", "is truncated or not an explainer file"),
    ):
        result = call(f"explain {files} --target kind --out no.csv --trust")
        assert result.exit_code == 2
        assert sentence in result.stderr
    assert not (folder / "no.csv").exists()


def test_a_student_of_trees(folder, call):
    X = pd.DataFrame(np.random.default_rng(1).standard_normal((600, 4)), columns=NAMES)
    forest = RandomForestClassifier(50, min_samples_leaf=20, random_state=0).fit(X, X["age"] + X["income"] > 0)
    joblib.dump(forest, "forest.joblib")
    X.assign(kind="?").to_csv("table.csv", index=False)
    result = call("explain forest.joblib table.csv --target kind --out out.csv --trust")
    assert result.exit_code == 2
    assert "RandomForestClassifier cannot be explained: it has no gradient" in result.stderr
    assert "Or add --student, which explains a network that imitates the model." in result.stderr
    result = call("explain forest.joblib table.csv --target kind --out out.csv --trust --student")
    assert result.exit_code == 0
    assert "what is explained is a network that imitates forest.joblib (R² 0." in result.stderr


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("model.joblib table.csv --out out.csv", "has columns that the model does not: 'kind'"),
        ("model.joblib table.csv --target sort --out out.csv", "has no column 'sort', which --target names"),
        ("model.joblib other.csv --out out.csv", "other.csv lacks columns of the model: 'debt', and has 'c' instead."),
        ("model.joblib empty.csv --out out.csv", "empty.csv has no rows."),
        ("model.joblib missing.csv --out out.csv", "There is no file missing.csv."),
        ("missing.joblib table.csv --target kind --out out.csv", "There is no file missing.joblib."),
        (". table.csv --target kind --out out.csv", "is a folder; name the file of a model."),
        ("model.joblib . --out out.csv", "is a folder; name the file of a table."),
        ("table.csv table.csv --target kind --out out.csv", "table.csv holds no model: it is no file of joblib"),
        ("model.joblib table.csv --target kind --out table.csv", "would replace a file that is read"),
        ("model.joblib table.csv --target kind --out out.xlsx", "does not end in .parquet, .csv, .json, .html"),
        ("model.joblib table.csv --target kind --out nowhere/out.csv", "nowhere does not exist; make it first."),
        ("model.joblib table.csv --target kind --out folder.csv", "folder.csv is a folder; name a file in it."),
        ("model.joblib table.csv --target kind --out out.csv --class maybe", "one of the classes: no, yes."),
        ("unfitted.joblib table.csv --target kind --out out.csv", "holds a MLPClassifier that is not fitted"),
        ("narrow.pt table.csv --target kind --out out.csv", "The network cannot be run on its own input"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(folder, call, table, options, sentence):
    table[["age", "income", "visits"]].assign(c=1).to_csv("other.csv", index=False)
    table[NAMES].head(0).to_csv("empty.csv", index=False)
    (folder / "folder.csv").mkdir()
    joblib.dump(MLPClassifier(), "unfitted.joblib")
    torch.save(torch.nn.Linear(3, 2), "narrow.pt")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    result = call(f"explain {options} --trust")
    assert result.exit_code == 2
    assert result.stdout == ""
    *notes, refusal = result.stderr.splitlines()
    assert sentence in refusal
    assert all("as --trust allows" in note for note in notes)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_an_output_is_refused_before_anything_is_read(folder, call):
    result = call("explain missing.joblib missing.csv --out nowhere/out.csv")
    assert "nowhere does not exist; make it first" in result.stderr
    with pytest.raises(ValueError, match=r"does not end in \.html"):
        Inputs(folder / "m", folder / "t").check_output(folder / "out.csv", (".html",))


def test_classes_by_their_names(table):
    X = table[NAMES].to_numpy()
    explainer = AGOPExplainer(MLPClassifier((4,), max_iter=5, random_state=0).fit(X, np.arange(150) % 3)).fit(X)
    assert chosen_class(explainer, "2") == 2
    assert chosen_class(explainer, "all") == "all"
    with pytest.raises(ValueError, match=r"one of the classes: 0, 1, 2\."):
        chosen_class(explainer, "3")
    two = AGOPExplainer(LinearRegression().fit(X, X[:, :2])).fit(X)
    assert chosen_class(two, "1") == 1
    with pytest.raises(ValueError, match=r"2 outputs and no predicted class: give --class one of 0, 1, or all\.$"):
        chosen_class(two, "predicted")
    with pytest.raises(ValueError, match=r"--class '2' is not .* one of the outputs: 0, 1\.$"):
        chosen_class(two, "2")
    constant = AGOPExplainer(LinearRegression().fit(X, X[:, :2]), method="agop-global").fit(X)
    assert chosen_class(constant, "predicted") == "predicted", "it is the same for every output"
    one = AGOPExplainer(LinearRegression().fit(X, X[:, 0])).fit(X)
    assert chosen_class(one, "predicted") == "predicted"
    for label in ("all", "0"):
        with pytest.raises(ValueError, match=rf"--class '{label}': the model has one output, .*; leave --class out\.$"):
            chosen_class(one, label)
