"""Whatever a file with a right checksum says, it explains to numbers, or is refused by one sentence, at little cost."""

import resource
import time
import tracemalloc
import warnings
from functools import partial
from itertools import chain

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import make_column_transformer
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from support import hostile_files
from support.quick import quick
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.image import AGOPImageExplainer

SECONDS, BYTES = 1.0, 2**25
"""What a hostile file may take; an ordinary one takes a hundredth of it, and a few hundred kilobytes."""

KILOBYTES = 2**18
"""By which memory may grow while all changes of a file are tried, tensors too."""

SAMPLED = 30
"""Changes of a file that are tried each time; the slow test tries all of them."""


class Coded(nn.Module):
    """Looks its last column up in an embedding."""

    def __init__(self):
        super().__init__()
        self.table, self.body = nn.Embedding(5, 2), nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3))

    def forward(self, x):
        return self.body(torch.cat((x[:, :3], self.table(x[:, 3].long())), dim=1))


def rows(n=120):
    X = np.random.default_rng(0).normal(size=(n, 4)).astype("float32")
    X[:, 3] = np.arange(n) % 5
    return X


def dense(**params):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2))
    module.classes_ = [0, 1]
    return module, rows(), AGOPExplainer(module, **params).fit(rows())


def coded():
    torch.manual_seed(0)
    module = Coded()
    module.classes_ = [0, 1, 2]
    return module, rows(), AGOPExplainer(module).fit(rows())


def encoded(**params):
    X = pd.DataFrame(rows(), columns=list("abcd"))
    X["e"] = np.array(["x", "y", "z"])[np.arange(len(X)) % 3]
    encode = make_column_transformer((OneHotEncoder(), ["e"]), remainder=StandardScaler())
    model = make_pipeline(encode, LogisticRegression()).fit(X, np.where(X["a"] > 0, "yes", "no"))
    return model, X, AGOPExplainer(model, **params).fit(X)


def ensemble():
    X = rows()
    members = [(name, make_pipeline(StandardScaler(), LogisticRegression(C=c))) for name, c in (("a", 1), ("b", 9))]
    model = VotingClassifier(members, voting="soft").fit(X, X[:, 0] > 0)
    return model, X, AGOPExplainer(model, method="agop-ixg").fit(X)


def images():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))
    module.classes_ = [0, 1]
    X = np.random.default_rng(0).normal(size=(20, 1, 4, 4)).astype("float32")
    return module, X, AGOPImageExplainer(module, method="agop-adaptive").fit(X)


CASES = {
    "agop": dense,
    "agop, encoded": encoded,
    "agop, codes": coded,
    "agop-ixg, factored": lambda: dense(method="agop-ixg", baseline=rows()[3]),
    "agop-ixg, sketched": lambda: dense(method="agop-ixg", moment="sketched"),
    "agop-ixg, a row as baseline": lambda: encoded(
        method="agop-ixg", baseline={"a": 1.5, "b": 0.1, "c": 2.0, "d": 0.0, "e": "x"}
    ),
    "agop-weighted, encoded": lambda: encoded(method="agop-weighted"),
    "agop-weighted, diagonal": lambda: dense(method="agop-weighted", moment="diagonal"),
    "agop-local": lambda: dense(method="agop-local"),
    "agop-global": lambda: dense(method="agop-global", moment="dense"),
    "ixg": lambda: dense(method="ixg", moment="dense"),
    "ensemble": ensemble,
    "images": images,
}


@pytest.fixture(scope="module", params=CASES)
def case(request, tmp_path_factory):
    """A model, rows, the class that loads its explainer, and all changes of its file, by name."""
    path = tmp_path_factory.mktemp("hostile") / "model.agop"
    model, X, explainer = CASES[request.param]()
    explainer.save(path)
    state, tensors = hostile_files.read(path)
    changes = chain(
        ((name, changed, tensors) for name, changed in hostile_files.header_changes(state)),
        ((name, state, changed) for name, changed in hostile_files.tensor_changes(tensors)),
    )
    return model, X[:10], type(explainer), list(changes), path


def explain(model, X, explainer, path):
    """Attributions, or None where a file is refused in the way of this package; and the bytes that it took."""
    tracemalloc.start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as that the network is another one
            try:
                loaded = explainer.load(path, model)
                values = np.asarray(loaded.explain(X))
            except ValueError:
                values = None
        return values, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def check_changes(case, chosen, version):
    model, X, explainer, changes, path = case
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, state, tensors in (changes[i] for i in chosen):
        if isinstance(state, dict) and version != 6 and state.get("format") == 6:
            state = {k: v for k, v in state.items() if k != "fitted"} | {"format": version}
        hostile_files.write(path, state, tensors)
        values, n_bytes = quick(SECONDS, partial(explain, model, X, explainer, path), time.process_time, name)
        assert n_bytes < BYTES, name
        assert values is None or np.isfinite(values).all(), name
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < most + KILOBYTES, (
            f"{name}: memory outside of Python"
        )


@pytest.mark.parametrize("version", [5, 6])
def test_some_hostile_files(case, version):
    check_changes(case, np.random.default_rng(version).choice(len(case[3]), SAMPLED, replace=False), version)


@pytest.mark.slow
def test_all_hostile_files(case):
    check_changes(case, range(len(case[3])), 6)


def test_what_was_saved_loads(case):
    """The changes are refused for what they change: the file as it was loads."""
    model, X, explainer, changes, path = case
    name, state, tensors = next(c for c in changes if c[0] == "params.verbose = '0'")
    hostile_files.write(path, state, tensors)
    assert np.isfinite(np.asarray(explainer.load(path, model).explain(X))).all()
