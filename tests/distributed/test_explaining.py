"""Explanations of dask tables stay lazy, a partition at a time."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import NotFittedError
from support.dask_tables import LENGTHS, METHODS, as_frame, close, da, dask, dd, in_chunks, in_parts, never
from support.nets import make_architecture

from agop_tabular import AGOPExplainer


def test_explain_stays_lazy_and_keeps_partitions_names_and_index(table, network):
    frame = as_frame(table).set_index(pd.Index(np.arange(len(table)) * 2, name="id"))
    parts = dd.from_pandas(frame, npartitions=7)
    explainer = AGOPExplainer(network).fit(frame)
    with dask.config.set(scheduler=never):
        lazy = explainer.explain(parts)
        assert explainer.explain(parts, target=in_parts(as_frame(table)["a"], (4500,) + (0,) * 6)) is not None
        every = explainer.explain(parts, target="all")
    assert lazy.divisions == parts.divisions
    assert list(lazy.columns) == list(frame.columns)
    assert set(lazy.dtypes) == {np.dtype("float32")}
    assert lazy.index.name == "id"
    pd.testing.assert_frame_equal(lazy.compute(), explainer.explain(frame), rtol=1e-4, atol=1e-6)
    dd.assert_eq(lazy.partitions[3], lazy.compute().loc[parts.divisions[3] : parts.divisions[4] - 1])
    assert isinstance(every, da.Array)
    assert every.ndim == 3
    assert every.numblocks == (7, 1, 1)
    assert every.shape[1:] == (6, 3)
    assert every.dtype == np.float32
    integers = parts.astype(int)
    assert set(explainer.explain(integers).dtypes) == {np.dtype("float64")}
    assert set(explainer.explain(integers).compute().dtypes) == {np.dtype("float64")}


def test_an_array_keeps_its_chunks_of_rows(table, network):
    explainer = AGOPExplainer(network).fit(table)
    chunks = in_chunks(table)
    with dask.config.set(scheduler=never):
        lazy, every = explainer.explain(chunks), explainer.explain(chunks, target="all")
        by_row = explainer.explain(chunks, target=np.arange(len(table)) % 3)
    assert lazy.chunks == by_row.chunks == (LENGTHS, (6,))
    assert every.chunks == (LENGTHS, (6,), (3,))
    assert lazy.dtype == every.dtype == lazy.compute().dtype == np.float32
    assert isinstance(lazy._meta, np.ndarray)
    close(explainer.explain(chunks.astype(int)).compute(), explainer.explain(table.astype(int)))
    assert explainer.explain(chunks.astype(int)).dtype == np.float64


def test_later_changes_of_the_network_do_not_matter(table):
    module = make_architecture("mlp")
    explainer = AGOPExplainer(module).fit(table)
    before = explainer.explain(table)
    lazy = explainer.explain(in_chunks(table))
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(1.0)
    close(lazy.compute(), before)


@pytest.mark.parametrize("method", METHODS)
def test_every_partition_is_read_once_to_be_explained(table, network, method):
    frame = as_frame(table)
    readings = []

    def reading(part):
        readings.append(len(part))
        return part

    parts = in_parts(frame).map_partitions(reading, meta=frame.iloc[:0])
    explainer = AGOPExplainer(network, method=method).fit(parts)
    assert len(readings) <= 3 * len(LENGTHS)  # to count rows, to take a few of them, to gather
    readings.clear()
    lazy = explainer.explain(parts)
    assert readings == []
    lazy.compute()
    assert sorted(readings) == sorted(LENGTHS)


def test_gate_and_refine_apply_to_every_partition(table, network):
    frame = as_frame(table[:300])
    explainer = AGOPExplainer(network, gate=np.array([True] * 5 + [False]), refine=2).fit(frame)
    found = explainer.explain(in_parts(frame, (100, 200))).compute()
    close(found, explainer.explain(frame))
    assert (found["f"] == 0).all()


def test_an_explanation_is_of_rows_in_memory(table, network):
    explainer = AGOPExplainer(network).fit(as_frame(table))
    with pytest.raises(ValueError, match=r"explain a part, such as X.head\(\)"):
        explainer(in_parts(as_frame(table)))
    with pytest.raises(NotFittedError):
        AGOPExplainer(network).explain(in_parts(as_frame(table)))


def test_missing_values_are_named_by_their_row_in_the_whole_table(table, network):
    bad = table.copy()
    bad[3123, 2] = np.nan
    explainer = AGOPExplainer(network)
    for X in (in_parts(as_frame(bad)), in_chunks(bad)):
        with pytest.raises(ValueError, match=r"NaN at the network's input, in column\(s\) .*first at row 3123"):
            explainer.fit(X)
        assert not hasattr(explainer, "n_samples_seen_")
    explainer.fit(table)
    with pytest.raises(ValueError, match="first at row 3123"):
        explainer.explain(in_chunks(bad)).compute()
    explainer.fit(as_frame(table))
    with pytest.raises(ValueError, match=r"In partition 6, whose rows are counted from 0: .* \(first at row 123\)"):
        explainer.explain(in_parts(as_frame(bad))).compute()


def test_dask_is_not_imported_for_rows_in_memory():
    code = (
        "import sys, numpy as np, torch; from agop_tabular import AGOPExplainer; X = np.random.randn(50, 3);"
        "AGOPExplainer(torch.nn.Linear(3, 2)).fit(X).explain(X); print('dask' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
