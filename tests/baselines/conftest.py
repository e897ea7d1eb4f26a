"""Baselines with few samples, and a pipeline with categories."""

import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from agop_tabular.baselines import (
    BASELINES,
)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(BASELINES["lime"], "n_samples", 100)
    monkeypatch.setattr(BASELINES["shap-kernel"], "n_samples", 50)
    monkeypatch.setattr(BASELINES["shap-gradient"], "n_samples", 5)
    monkeypatch.setattr(BASELINES["network-shapley"], "n_permutations", 10)


@pytest.fixture
def pipeline(frame, labels):
    table = frame[["age", "city", "member", "plan"]]
    encoder = make_column_transformer((OneHotEncoder(), ["city", "member", "plan"]), remainder=StandardScaler())
    return table, make_pipeline(encoder, LogisticRegression()).fit(table, labels)
