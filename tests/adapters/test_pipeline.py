"""Pipelines of pipelines, of frozen steps, and of what has no gradient."""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier
from support.preprocessing import COLUMNS, PREPROCESSING

from agop_tabular import AGOPExplainer


def test_nested_pipelines(frame, labels):
    inner = Pipeline([("scale", StandardScaler()), ("nothing", "passthrough"), ("net", MLPClassifier(random_state=0))])
    outer = Pipeline([("encode", PREPROCESSING["dense one-hot"]()), ("none", None), ("model", inner)])
    outer.fit(frame, labels)
    flat = make_pipeline(outer[0], inner[0], inner[2])
    nested, plain = AGOPExplainer(outer).fit(frame), AGOPExplainer(flat).fit(frame)
    np.testing.assert_array_equal(nested.explain(frame).to_numpy(), plain.explain(frame).to_numpy())


def test_frozen_steps(frame, labels):
    model = make_pipeline(
        FrozenEstimator(PREPROCESSING["dense one-hot"]().fit(frame, labels)), MLPClassifier(random_state=0, max_iter=10)
    ).fit(frame, labels)
    explainer = AGOPExplainer(FrozenEstimator(model)).fit(frame)
    assert list(explainer.explain(frame).columns) == COLUMNS


def test_ensembles_of_trees_are_refused(X):
    y = (X[:, 0] > 1).astype(int)
    with pytest.raises(TypeError, match="RandomForestClassifier cannot be explained"):
        AGOPExplainer(RandomForestClassifier(5).fit(X, y)).fit(X)
    with pytest.raises(TypeError, match="DecisionTreeClassifier cannot be explained"):
        AGOPExplainer(VotingClassifier([("a", DecisionTreeClassifier())], voting="soft").fit(X, y)).fit(X)
