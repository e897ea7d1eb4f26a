"""LIME explains probabilities, and finds the column that matters."""

from unittest import mock

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from skorch import NeuralNetClassifier
from torch import nn

from agop_tabular.baselines import (
    Lime,
)


def test_lime_finds_the_one_column_that_matters(X):
    module = nn.Linear(6, 2)
    with torch.no_grad():
        module.weight.zero_()[1, 2] = 3.0
    net = NeuralNetClassifier(module, criterion=nn.CrossEntropyLoss, verbose=0).initialize()
    out = Lime()(net, X[:5], 1, X, 0)
    assert (np.abs(out).argmax(axis=1) == 2).all()


def test_lime_explains_the_probability_of_one_logit(X):
    net = NeuralNetClassifier(nn.Linear(6, 3), criterion=nn.CrossEntropyLoss, verbose=0).initialize()
    binary = LogisticRegression().fit(X, X[:, 0] > 0)
    for model in (net, binary):
        lime = Lime(n_samples=50).fit(model, X, 0)
        peer = lime.explainer_
        with mock.patch.object(peer, "explain_instance", wraps=peer.explain_instance) as explain_instance:
            lime.explain(X[:1])
        explained = explain_instance.call_args.args[1]  # the function that LIME calls
        np.testing.assert_allclose(explained(X[:7]), model.predict_proba(X[:7]), atol=1e-5)
