"""A run of MLflow that has the model and its explanations. ``make test-mlflow`` runs it, in its own environment."""

import json

import numpy as np
import pandas as pd
import pytest
from support.pages import run

mlflow = pytest.importorskip("mlflow")


@pytest.mark.filterwarnings("ignore")
def test_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'runs.db'}")
    names = run("integrations.md", "MLflow")
    X = names["X"][1::2]
    np.testing.assert_array_equal(names["same"], names["explainer"].explain(X))
    of_run = mlflow.get_run(names["run"].info.run_id).data
    assert of_run.metrics["explanation cosine"] == names["audit"].cosine

    def fetched(name):
        return mlflow.artifacts.download_artifacts(f"{names['there']}/{name}", dst_path=str(tmp_path / "fetched"))

    with open(fetched("audit.json")) as file:
        assert json.load(file)["relative_error"] == names["audit"].relative_error
    long = pd.read_parquet(fetched("attributions.parquet"))
    assert len(long) == len(X) * 4
    with open(fetched("report.html"), encoding="utf-8") as file:
        assert "versicolor" in file.read()
