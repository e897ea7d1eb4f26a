"""A dask table by the numbers of its rows; other collections are refused."""

import numpy as np
import pandas as pd
import pytest
from support.dask_tables import as_frame, da, dask, in_chunks, in_parts, never

from agop_tabular import AGOPExplainer
from agop_tabular.distributed.partitions import Partitions


def test_rows_by_number(table):
    frame = as_frame(table)
    for parts, whole in ((Partitions.of(in_parts(frame)), frame), (Partitions.of(in_chunks(table)), table)):
        assert parts.shape == (4500, 6)
        for rows in (slice(None, None, 97), slice(1, 3), np.array([4499, 700, 0, 700]), np.array([], dtype=int)):
            found = parts[rows]
            wanted = whole.iloc[rows] if isinstance(whole, pd.DataFrame) else whole[rows]
            np.testing.assert_array_equal(np.asarray(found), np.asarray(wanted))
            assert type(found) is type(whole)
        parts.hold(slice(0, 4500, 2), np.array([3]))
        with dask.config.set(scheduler=never):
            np.testing.assert_array_equal(np.asarray(parts[np.array([4498, 3])]), table[[4498, 3]])


def test_other_collections_are_refused(table, network):
    import dask.bag

    frame = as_frame(table)
    for X in (in_parts(frame)["a"], da.from_array(table[:, 0], chunks=9)):
        with pytest.raises(ValueError, match="Expected 2D array"):
            AGOPExplainer(network).fit(X)
    for X in (dask.bag.from_sequence([1, 2]), dask.delayed(table)):
        with pytest.raises(TypeError, match="give a dask DataFrame or a dask array"):
            AGOPExplainer(network).fit(X)
    explainer = AGOPExplainer(network)
    with pytest.raises(ValueError, match="0 sample"):
        explainer.fit(in_parts(frame, (0, 0)))
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        explainer.fit(in_chunks(table)[:, da.from_array(np.array([True] * 6), chunks=6)])
    explainer.fit(frame)
    with pytest.raises(ValueError, match="feature names should match"):
        explainer.explain(in_parts(frame)[list("bacdef")])
    with pytest.raises(ValueError, match="6 features"):
        explainer.fit(table).explain(da.zeros((10, 5)))
