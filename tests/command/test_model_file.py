"""Models come back from the files of every library, and what is no such file is refused before it runs."""

import pickle
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from sklearn.neural_network import MLPClassifier

from agop_tabular import AGOPExplainer
from agop_tabular.command.model_file import load_model

NAMES = ["age", "income", "visits", "debt"]


class LeavesATrace:
    """Its pickle is a program that writes a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (Path.touch, (Path(self.path),))


def loaded(path, trust=True):
    said = []
    return load_model(Path(path), trust=trust, say=said.append), said


@pytest.mark.parametrize("compress", [0, "zlib", "gzip", "bz2", "xz", "lzma"])
def test_joblib(tmp_path, mlp, table, compress):
    joblib.dump(mlp, tmp_path / "a.bin", compress=compress)
    model, (said,) = loaded(tmp_path / "a.bin")
    assert "a.bin is a pickle: loading it runs the code in it, as --trust allows." in said
    np.testing.assert_array_equal(model.predict(table[NAMES]), mlp.predict(table[NAMES]))


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_pickle(tmp_path, mlp, protocol):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(mlp, protocol=protocol))
    assert type(loaded(tmp_path / "a.pkl")[0]) is type(mlp)


@pytest.mark.filterwarnings("ignore")
def test_torch(tmp_path, torch_net):
    x = torch.randn(5, 4)
    torch.save(torch_net, tmp_path / "zip.pt")
    torch.save(torch_net, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    torch.jit.script(torch_net).save(tmp_path / "script.pt")
    rows = torch.export.Dim("rows")
    torch.export.save(
        torch.export.export(torch_net, (torch.zeros(3, 4),), dynamic_shapes=({0: rows},)), tmp_path / "e.pt2"
    )
    for name in ("zip.pt", "old.pt", "script.pt", "e.pt2"):
        torch.testing.assert_close(loaded(tmp_path / name)[0](x), torch_net(x))
        with pytest.raises(ValueError, match="add --trust if you trust its author"):
            loaded(tmp_path / name, trust=False)


def test_skops_needs_trust_only_for_types_that_it_does_not_know(tmp_path, mlp):
    skops = pytest.importorskip("skops.io")
    from sklearn.linear_model import LogisticRegression

    simple = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    skops.dump(simple, tmp_path / "simple.skops")
    model, said = loaded(tmp_path / "simple.skops", trust=False)
    assert model.coef_ == simple.coef_
    assert said == []
    skops.dump(mlp, tmp_path / "mlp.skops")
    with pytest.raises(ValueError, match=r"types that skops does not know to be safe \(sklearn.*add --trust"):
        loaded(tmp_path / "mlp.skops", trust=False)
    assert type(loaded(tmp_path / "mlp.skops")[0]) is type(mlp)
    (tmp_path / "cut.skops").write_bytes((tmp_path / "mlp.skops").read_bytes()[:-300])
    with pytest.raises(ValueError, match=r"cut\.skops"):
        loaded(tmp_path / "cut.skops")


def test_a_saved_explainer_needs_no_trust(tmp_path, mlp, table):
    explainer = AGOPExplainer(mlp, method="agop-global").fit(table[NAMES])
    explainer.save(tmp_path / "a.agop")
    model, said = loaded(tmp_path / "a.agop", trust=False)
    assert said == []
    np.testing.assert_array_equal(model.explain(table[NAMES]), explainer.explain(table[NAMES]))


@pytest.mark.parametrize("dump", [joblib.dump, lambda thing, path: torch.save(thing, path)])
def test_nothing_runs_without_trust(tmp_path, dump):
    dump(LeavesATrace(tmp_path / "trace"), tmp_path / "a.pt")
    with pytest.raises(ValueError, match="loading it runs the code in it: add --trust"):
        loaded(tmp_path / "a.pt", trust=False)
    assert not (tmp_path / "trace").exists()
    with pytest.raises(ValueError, match="which is no model"):
        loaded(tmp_path / "a.pt")
    assert (tmp_path / "trace").exists(), "this pickle runs code, and the one before was no accident"


@pytest.mark.parametrize("content", [b"", b"hello, here is no model", b"PK\x03\x04 and no more", b"\x00" * 40])
def test_what_is_no_model(tmp_path, content):
    (tmp_path / "a.joblib").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.joblib holds no model: it is no file of joblib, pickle, skops, torch or"):
        loaded(tmp_path / "a.joblib")


def test_what_holds_no_model(tmp_path, torch_net):
    torch.save(torch_net.state_dict(), tmp_path / "weights.pt")
    with pytest.raises(ValueError, match=r"weights of a network without the network \(a state dict\); load them into"):
        loaded(tmp_path / "weights.pt")
    joblib.dump({"model": 1}, tmp_path / "dict.joblib")
    with pytest.raises(ValueError, match="an object of type dict, which is no model"):
        loaded(tmp_path / "dict.joblib")
    (tmp_path / "cut.joblib").write_bytes(pickle.dumps(MLPClassifier())[:50])
    with pytest.raises(ValueError, match=r"cut\.joblib cannot be loaded \(.*\); save the model again\.$"):
        loaded(tmp_path / "cut.joblib")


def test_classes_that_are_not_here(tmp_path, monkeypatch):
    (tmp_path / "users_own.py").write_text("class Net:\n    def predict(self, X): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    import users_own

    joblib.dump(users_own.Net(), tmp_path / "own.joblib")
    assert type(loaded(tmp_path / "own.joblib")[0]) is users_own.Net
    del users_own.Net
    with pytest.raises(ValueError, match="needs a class that is not where it was when it was saved"):
        loaded(tmp_path / "own.joblib")
    del sys.modules["users_own"]
    (tmp_path / "users_own.py").unlink()
    with pytest.raises(ValueError, match=r"needs the module users_own, which cannot be imported here.*PYTHONPATH"):
        loaded(tmp_path / "own.joblib")


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no file .*none\.joblib\.$"):
        loaded(tmp_path / "none.joblib")
    with pytest.raises(IsADirectoryError, match="is a folder; name the file of a model"):
        loaded(tmp_path)
