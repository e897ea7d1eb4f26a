"""Files as users have them: models of every library, and tables of every kind."""

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

NAMES = ["age", "income", "visits", "debt"]


@pytest.fixture(scope="session")
def table():
    """150 rows with labels in the column "kind"."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.standard_normal((150, 4)), columns=NAMES)
    return X.assign(kind=np.where(X["age"] + X["income"] * X["debt"] > 0, "yes", "no"))


@pytest.fixture(scope="session")
def mlp(table):
    """A pipeline of scikit-learn, fitted."""
    return make_pipeline(StandardScaler(), MLPClassifier((16,), max_iter=80, random_state=0)).fit(
        table[NAMES], table["kind"]
    )


@pytest.fixture(scope="session")
def torch_net():
    """A module of four columns and three scores."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))


@pytest.fixture
def folder(tmp_path, monkeypatch, table, mlp):
    """The current folder, with a model.joblib and a table.csv."""
    monkeypatch.chdir(tmp_path)
    joblib.dump(mlp, "model.joblib")
    table.to_csv("table.csv", index=False)
    return tmp_path


@pytest.fixture
def call():
    """Runs the command in this process: exit code, what it printed, and the sentences on standard error."""

    from typer.testing import CliRunner  # an optional tool: without it these tests are skipped

    from agop_tabular.command.application import application

    def call(line):
        result = CliRunner().invoke(application, line.split(), prog_name="agop-tabular")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call
