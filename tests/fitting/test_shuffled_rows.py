"""Shuffled training rows: drawn evenly, and as many of later chunks as of the first."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from support.nets import MLP

from agop_tabular import AGOPExplainer
from agop_tabular.effects.sums import EffectSums
from agop_tabular.fitting.shuffled_rows import pool_rows


@pytest.mark.parametrize("n", [16_384, 32_768, 50_000])
@pytest.mark.parametrize("period", [2, 3, 4])
def test_a_periodic_table_is_drawn_evenly(n, period):
    places = pool_rows(n)
    assert len(np.unique(places)) == len(places)
    assert places.max() < n
    shares = np.bincount(places % period) / len(places)
    assert_allclose(shares, 1 / period, atol=0.01)


def test_later_chunks_count_as_much_as_the_first(monkeypatch):
    rows = []
    update = EffectSums.update

    def counted(self, scores, x, *args, **kwargs):
        rows[-1] += len(x)
        return update(self, scores, x, *args, **kwargs)

    monkeypatch.setattr(EffectSums, "update", counted)
    rng = np.random.default_rng(0)
    explainer = AGOPExplainer(MLP(3))
    for _ in range(4):
        rows.append(0)
        explainer.partial_fit(rng.standard_normal((500, 3), dtype=np.float32))
    assert_allclose(rows, rows[0], rtol=0.02)
