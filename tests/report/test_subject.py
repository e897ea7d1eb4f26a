"""What was explained, so that it can be recognised."""

import hashlib
import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from agop_tabular import AGOPExplainer
from agop_tabular.models.fingerprint import fingerprint
from agop_tabular.report.subject import about_facts, data_facts, model_facts, model_name, table_digest
from agop_tabular.results.about import About


def test_the_hash_is_made_as_the_report_says(table):
    X = table[0]
    names = json.dumps(list(X.columns)).encode()
    rows = pd.util.hash_pandas_object(X, index=False).to_numpy().tobytes()
    assert table_digest(X) == hashlib.sha256(names + rows).hexdigest()


def test_another_table_has_another_hash(table):
    X = table[0]
    same = [X.copy(), X.set_axis(range(len(X)))]
    changed = X.copy()
    changed.iloc[5, 0] += 1e-9
    others = [X.iloc[::-1], X.rename(columns={"age": "Age"}), X[["city", "age", "income", "idle"]], changed]
    assert {table_digest(t) for t in same} == {table_digest(X)}
    assert len({table_digest(t) for t in others} | {table_digest(X)}) == 5


def test_tables_of_all_kinds_have_a_hash(table):
    X = table[0].reset_index(drop=True)
    assert table_digest(pl.from_pandas(X)) == table_digest(X.assign(income=X["income"]))
    assert len(table_digest(np.eye(3))) == 64
    assert len(table_digest(pd.DataFrame({"a": [[1], [2, 3]]}))) == 64


def test_the_model_and_its_explainer(explainer):
    facts = dict(model_facts(explainer))
    assert facts["model"] == "ColumnTransformer → MLPClassifier"
    assert facts["predicts"] == "one of 2 classes: no, yes"
    assert facts["reads"] == "4 columns, as 6 numbers"
    assert facts["fingerprint"].startswith(fingerprint(explainer.model_.network))
    assert facts["fitted on"] == "400 training rows"
    assert facts["seed"] == "none: the same draws always"
    assert "scikit-learn " in facts["software"]
    assert "torch " in facts["software"]


def test_the_data(table):
    facts = dict(data_facts(table[0], 100))
    missing = int(table[0].isna().sum().sum())
    assert facts["rows"] == "600; 100 from all over the table are explained one by one"
    assert facts["missing cells"] == f"{missing} of 2,400"


def test_an_explainer_without_its_network(tmp_path, table, explainer):
    X = table[0]
    diagonal = AGOPExplainer(explainer.estimator_, method="agop-global").fit(X)
    diagonal.save(tmp_path / "x.agop")
    facts = dict(model_facts(AGOPExplainer.load(tmp_path / "x.agop")))
    assert facts["fingerprint"] == dict(model_facts(diagonal))["fingerprint"]
    assert facts["model"].startswith("not at hand")


def test_names_of_models(net):
    assert model_name(net) == "NeuralNetClassifier of MLP"
    assert model_name(make_pipeline(StandardScaler(), "passthrough", net)).count("→") == 1


def test_students_are_named():
    about = About("Forest", "student", {"r2": 0.95, "agreement": 0.99, "rows": 80}, "it has no gradient", coverage=0.5)
    facts = dict(about_facts(about))
    assert facts["student"] == (
        "explains 95.0% of the variance of the answers to 80 held-out rows, and is of the same class in 99.0%"
    )
    assert "student" in facts["explained through"]
    assert facts["ensemble"].startswith("50%")
    assert about_facts(About()) == []


@pytest.mark.parametrize(("seed", "said"), [(3, "3"), (np.random.RandomState(0), "a generator")])
def test_the_seed_is_a_number_or_a_word(explainer, seed, said):
    changed = {**vars(explainer), "fitted_params_": explainer.fitted_params_ | {"random_state": seed}}
    other = object.__new__(AGOPExplainer)
    vars(other).update(changed)
    assert dict(model_facts(other))["seed"] == said
