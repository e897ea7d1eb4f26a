"""Dask tables: fitted a partition at a time, explained lazily, with the answer of the same rows in memory."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest
import torch
from nets import MLP, make_architecture
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from agop_tabular import AGOPExplainer
from agop_tabular.distributed.fitting import share_of_cores
from agop_tabular.distributed.partitions import Partitions

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")

METHODS = ["agop", "agop-ixg"]
LENGTHS = (0, 0, 700, 1, 0, 2299, 1500, 0)


@pytest.fixture(scope="module")
def table():
    """4,500 rows, correlated, of different scale."""
    rng = np.random.default_rng(0)
    return (rng.standard_normal((4500, 6)) @ rng.standard_normal((6, 6)) * [1, 2, 0.5, 10, 1, 3] + 1).astype("float32")


@pytest.fixture(scope="module")
def network():
    """In float64, where batches that begin elsewhere do not show."""
    torch.manual_seed(0)
    return MLP(6, 3).double()


@pytest.fixture(autouse=True)
def in_turn():
    """Without a say of its own, every test computes in its own thread."""
    with dask.config.set(scheduler="synchronous"):
        yield


def as_frame(table):
    return pd.DataFrame(table, columns=list("abcdef"))


def in_parts(rows, lengths=LENGTHS, **options):
    """A dask DataFrame or Series of partitions of these lengths, each with an index that starts at 0."""
    ends = np.cumsum(lengths)
    parts = [rows.iloc[end - n : end].reset_index(drop=True) for n, end in zip(lengths, ends, strict=True)]
    return dd.from_delayed([dask.delayed(part) for part in parts], meta=rows.iloc[:0], **options)


def in_chunks(table, lengths=LENGTHS, columns=4):
    chunks = (tuple(lengths), (columns, 6 - columns)) if table.ndim == 2 else (tuple(lengths),)
    return da.from_array(table, chunks=chunks)


def close(found, wanted, tolerance=1e-6):
    found, wanted = np.asarray(found), np.asarray(wanted)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance * np.abs(wanted).max())


# The answer -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [*METHODS, "agop-weighted", "agop-local", "agop-global", "ixg"])
def test_a_frame_in_parts_has_the_answer_of_the_frame_in_memory(table, network, method):
    frame = as_frame(table)
    whole = AGOPExplainer(network, method=method).fit(frame)
    parts = AGOPExplainer(network, method=method).fit(in_parts(frame))
    assert parts.n_samples_seen_ == len(frame)
    assert list(parts.feature_names_in_) == list("abcdef")
    close(parts.baseline_, whole.baseline_)
    close(parts.scale_, whole.scale_)
    close(parts.agop_, whole.agop_)
    close(parts.feature_importances_, whole.feature_importances_)
    for target in ("predicted", 1, "all"):
        found = parts.explain(in_parts(frame), target=target).compute()
        close(found, whole.explain(frame, target=target))
    close(parts.transform(in_parts(frame)).compute(), whole.transform(frame))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("known", [True, False])
def test_an_array_in_chunks_has_the_answer_of_the_array_in_memory(table, network, method, known):
    chunks = in_chunks(table) if known else in_chunks(table)[in_chunks(table)[:, 0] > -np.inf]
    assert np.isnan(chunks.shape[0]) != known
    whole = AGOPExplainer(network, method=method).fit(table)
    parts = AGOPExplainer(network, method=method).fit(chunks)
    close(parts.agop_, whole.agop_)
    for target in ("predicted", 1, "all"):
        close(parts.explain(chunks, target=target).compute(), whole.explain(table, target=target))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_more_rows_than_the_pool(method, dtype):
    rng = np.random.default_rng(1)
    torch.manual_seed(0)
    network = MLP(6, 3).to(dtype)
    frame = as_frame(rng.standard_normal((20_011, 6)).astype("float32"))
    lengths = (9000, 0, 11_000, 11)
    whole = AGOPExplainer(network, method=method).fit(frame)
    parts = AGOPExplainer(network, method=method).fit(in_parts(frame, lengths))
    tolerance = 1e-5 if dtype is torch.float32 else 1e-6
    close(parts.explain(in_parts(frame, lengths)).compute(), whole.explain(frame), tolerance)


@pytest.mark.parametrize("method", METHODS)
def test_partial_fit_goes_on_with_tables_in_parts(table, network, method):
    halves = as_frame(table[:2500]), as_frame(table[2500:])
    whole = AGOPExplainer(network, method=method).fit(halves[0]).partial_fit(halves[1])
    parts = AGOPExplainer(network, method=method).fit(in_parts(halves[0], (1000, 1500)))
    parts.partial_fit(in_parts(halves[1], (2000, 0)))
    assert parts.n_samples_seen_ == 4500
    close(parts.explain(in_parts(halves[1], (1, 1999))).compute(), whole.explain(halves[1]))


def test_random_rows_are_the_same_rows(table, network):
    frame = as_frame(table)
    options = {"max_samples": 300, "random_state": 3}
    whole = AGOPExplainer(network, **options).fit(frame)
    parts = AGOPExplainer(network, **options).fit(in_parts(frame))
    np.testing.assert_array_equal(parts.agop_, whole.agop_)


@pytest.mark.parametrize("kind", ["numpy", "pandas", "dask series", "dask array"])
def test_labels_sharpen_the_gate(kind):
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(rng.standard_normal((5000, 12)), columns=[f"c{i}" for i in range(12)])
    y = pd.Series((frame["c0"] * frame["c1"] > 0).astype(int))
    model = MLPClassifier((32,), random_state=0, max_iter=15).fit(frame, y)
    whole = AGOPExplainer(model).fit(frame, y)
    labels = {
        "numpy": lambda: y.to_numpy(),
        "pandas": lambda: y,
        "dask series": lambda: in_parts(y, (4000, 1000)),  # other partitions than those of the rows
        "dask array": lambda: da.from_array(y.to_numpy(), chunks=777),
    }[kind]()
    parts = AGOPExplainer(model).fit(in_parts(frame, (1000, 4000)), labels)
    assert parts.gate_.labelled
    assert whole.gate_.labelled
    np.testing.assert_array_equal(parts.gate_.mask, whole.gate_.mask)
    assert parts.gate_.evidence == pytest.approx(whole.gate_.evidence, rel=1e-4)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        AGOPExplainer(model).fit(in_parts(frame, (1000, 4000)), y[:10])


def test_gate_and_refine_travel_along(table, network):
    frame = as_frame(table[:300])
    explainer = AGOPExplainer(network, gate=np.array([True] * 5 + [False]), refine=2).fit(frame)
    found = explainer.explain(in_parts(frame, (100, 200))).compute()
    close(found, explainer.explain(frame))
    assert (found["f"] == 0).all()


def test_a_pipeline_meets_every_partition_as_a_frame(frame, labels):
    columns = make_column_transformer(
        (OneHotEncoder(), ["city", "plan"]),
        (make_pipeline(SimpleImputer(), StandardScaler()), ["age", "income", "visits"]),
        ("passthrough", ["member"]),
        sparse_threshold=0,
    )
    model = make_pipeline(columns, MLPClassifier((16,), random_state=0)).fit(frame, labels)
    parts = dd.from_pandas(frame, npartitions=5, sort=False)
    whole = AGOPExplainer(model).fit(frame)
    explainer = AGOPExplainer(model).fit(parts)
    close(explainer.explain(parts).compute(), whole.explain(frame))
    for found, wanted in zip(explainer._gathered.columns, whole._gathered.columns, strict=True):
        np.testing.assert_array_equal(found.values, wanted.values)
    ragged = [frame.iloc[:100].assign(city=frame["city"].iloc[:100].cat.set_categories(["Cairo", "Berlin", "Athens"]))]
    ragged = dd.from_delayed([dask.delayed(part) for part in (*ragged, frame.iloc[100:])], meta=frame.iloc[:0])
    close(AGOPExplainer(model).fit(ragged).explain(ragged).compute(), whole.explain(frame))


# What comes back --------------------------------------------------------------------------------------------------


def never(*args, **kwargs):
    raise AssertionError("computed")


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


def test_what_was_asked_for_is_explained_whatever_becomes_of_the_network(table):
    module = make_architecture("mlp")
    explainer = AGOPExplainer(module).fit(table)
    before = explainer.explain(table)
    lazy = explainer.explain(in_chunks(table))
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(1.0)
    close(lazy.compute(), before)


@pytest.mark.parametrize("method", METHODS)
def test_every_partition_is_explained_in_one_reading(table, network, method):
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


# Targets, one a row -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_one_label_a_row(table, method):
    frame = as_frame(table)
    labels = np.array(["no", "so", "yes"])[np.arange(len(table)) % 3]
    model = LogisticRegression().fit(frame, labels)
    explainer = AGOPExplainer(model, method=method).fit(frame)
    wanted = explainer.explain(frame, target=labels)
    parts, chunks, column = in_parts(frame), in_chunks(table), pd.Series(labels)
    unknown = chunks[chunks[:, 0] > -np.inf]
    series, array = in_parts(column), in_chunks(labels)
    for target in (labels, labels.tolist(), column, series, array):
        close(explainer.explain(parts, target=target).compute(), wanted)
    plain = AGOPExplainer(LogisticRegression().fit(table, labels), method=method).fit(table)
    for target in (labels, column, series, array, da.from_array(labels, chunks=999)):
        close(plain.explain(chunks, target=target).compute(), wanted.to_numpy())
    for target in (labels, series, array):
        close(plain.explain(unknown, target=target).compute(), wanted.to_numpy())


@pytest.mark.parametrize("filesystem", ["fsspec", "arrow"])
def test_a_column_of_the_same_small_files(tmp_path, table, network, filesystem):
    """Dask reads several of them as one partition, and of one column even more of them."""
    frame = as_frame(table).assign(label=np.arange(len(table)) % 3)
    for i in range(9):
        frame.iloc[500 * i : 500 * (i + 1)].to_parquet(tmp_path / f"{i}.parquet")
    rows = dd.read_parquet(tmp_path, filesystem=filesystem)
    X, memory = rows[list("abcdef")], rows.compute()  # in an order of dask's own
    explainer = AGOPExplainer(network).fit(X)
    wanted = explainer.explain(memory[list("abcdef")], target=memory["label"])
    for target in (rows["label"], memory["label"].to_numpy()):
        close(explainer.explain(X, target=target).compute(), wanted)
    close(explainer.explain(X, target="all").compute(), explainer.explain(memory[list("abcdef")], target="all"))


def test_targets_that_fit_nothing_are_refused(table, network):
    frame = as_frame(table)
    parts, chunks = in_parts(frame), in_chunks(table)
    for X in (parts, chunks):
        explainer = AGOPExplainer(network).fit(X)
        with pytest.raises(ValueError, match="target 7 is unknown"):
            explainer.explain(X, target=7)
        with pytest.raises(ValueError, match="for 4500 rows give one label"):
            explainer.explain(X, target=[0, 1])
        with pytest.raises(ValueError, match="in the partitions of X"):
            explainer.explain(X, target=in_parts(pd.Series(np.zeros(4500, int)), (4000, 500)))
        with pytest.raises(ValueError, match="target 7 is unknown"):
            explainer.explain(X, target=np.full(4500, 7)).compute()
    one = AGOPExplainer(MLP(6, 1)).fit(as_frame(table))
    with pytest.raises(ValueError, match="has one output"):
        one.explain(parts, target=np.zeros(4500, int))


# Refusals -----------------------------------------------------------------------------------------------------------


def test_estimators_are_not_trained_on_dask_tables(table):
    parts = in_parts(as_frame(table))
    with pytest.raises(NotFittedError, match="fit the estimator first"):
        AGOPExplainer(MLPClassifier()).fit(parts, np.zeros(4500, int))
    fitted = LogisticRegression().fit(table, np.arange(4500) % 2)
    with pytest.raises(NotFittedError, match="fit the estimator first"):
        AGOPExplainer(fitted, prefit=False).fit(in_chunks(table), np.arange(4500) % 2)


def test_an_explanation_is_of_rows_in_memory(table, network):
    explainer = AGOPExplainer(network).fit(as_frame(table))
    with pytest.raises(ValueError, match=r"explain a part, such as X.head\(\)"):
        explainer(in_parts(as_frame(table)))
    with pytest.raises(NotFittedError):
        AGOPExplainer(network).explain(in_parts(as_frame(table)))


def test_what_is_no_table_is_refused(table, network):
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


# A few rows of a table ----------------------------------------------------------------------------------------------


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


# Schedulers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_threads_and_a_cluster_in_this_process(table, network, method):
    distributed = pytest.importorskip("distributed")
    frame = as_frame(table)

    def answer():
        parts = in_parts(frame)
        return AGOPExplainer(network, method=method).fit(parts).explain(parts).compute()

    wanted = answer()
    with dask.config.set(scheduler="threads", num_workers=4):
        pd.testing.assert_frame_equal(answer(), wanted, check_exact=True)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0") as cluster,
        distributed.Client(cluster),
        dask.config.set(scheduler=None),
    ):
        pd.testing.assert_frame_equal(answer(), wanted, rtol=1e-5, atol=1e-6)
    assert not any(parameter.grad is not None for parameter in network.parameters())
    assert network.training


def test_torch_threads_of_a_worker_are_its_own():
    distributed = pytest.importorskip("distributed")

    def threads():
        before = torch.get_num_threads()
        with share_of_cores():
            inside = torch.get_num_threads()
        return before, inside, torch.get_num_threads()

    before, inside, after = threads()
    assert before == inside == after
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=3, processes=False, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
    ):
        before, inside, after = client.submit(threads).result()
    assert inside == 3
    assert before == after


def test_a_network_that_cannot_be_pickled_is_explained_by_threads(table):
    module = make_architecture("weight norm")
    with pytest.raises(RuntimeError):
        __import__("cloudpickle").dumps(module)
    whole = AGOPExplainer(module).fit(table)
    with dask.config.set(scheduler="threads", num_workers=3):
        parts = AGOPExplainer(module).fit(in_chunks(table))
        close(parts.explain(in_chunks(table)).compute(), whole.explain(table))


def test_dask_is_not_imported_for_rows_in_memory():
    code = (
        "import sys, numpy as np, torch; from agop_tabular import AGOPExplainer; X = np.random.randn(50, 3);"
        "AGOPExplainer(torch.nn.Linear(3, 2)).fit(X).explain(X); print('dask' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of a worker that is gone
def test_a_worker_that_is_killed_in_the_middle_costs_a_retry(network):
    distributed = pytest.importorskip("distributed")
    n, blocks = 500, 40

    def rows(block_info=None):
        time.sleep(0.1)
        seed = block_info[None]["chunk-location"][0]
        return np.random.default_rng(seed).standard_normal((n, 6)).astype("float32")

    table = da.map_blocks(rows, chunks=((n,) * blocks, (6,)), dtype="float32", meta=np.empty((0, 0), "float32"))
    memory = table.compute(scheduler="threads")
    wanted = AGOPExplainer(network).fit(memory)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
        dask.config.set(scheduler=None),
    ):

        def gathered(dask_scheduler):
            return sum(t.state in ("memory", "released") for k, t in dask_scheduler.tasks.items() if "_sums" in str(k))

        found, pids = [], set(client.run(os.getpid).values())
        fitting = threading.Thread(target=lambda: found.append(AGOPExplainer(network).fit(table)))
        fitting.start()
        while client.run_on_scheduler(gathered) < 4:
            assert fitting.is_alive()
            time.sleep(0.02)
        victim = min(pids)
        os.kill(victim, signal.SIGKILL)
        assert fitting.is_alive()
        fitting.join(timeout=120)
        client.wait_for_workers(2)
        assert victim not in set(client.run(os.getpid).values())
        (explainer,) = found
        close(explainer.agop_, wanted.agop_)
        close(explainer.explain(table).compute(), wanted.explain(memory))
