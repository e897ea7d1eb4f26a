"""The methods by name."""

import pytest

from agop_tabular.training_guided.guided_methods import GUIDED_METHODS, guided_method


def test_methods_by_their_names():
    assert list(GUIDED_METHODS) == ["xtrain", "xstep", "xtrain+", "xwp", "xwp-c"]
    assert [m.name for m in GUIDED_METHODS.values() if m.chooses_checkpoints] == ["xstep"]


def test_what_they_replay(run):
    lengths = {name: len(m.replayed(run.trajectory, 4)) for name, m in GUIDED_METHODS.items()}
    assert lengths == {"xtrain": 7, "xstep": 4, "xtrain+": 7, "xwp": 2, "xwp-c": 2}


@pytest.mark.parametrize("name", ["agop", None, 3])
def test_unknown(name):
    with pytest.raises(ValueError, match="is not one of 'xtrain', 'xstep'"):
        guided_method(name)
