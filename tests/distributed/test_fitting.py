"""Fitting on dask tables gives the answer of the same rows in memory, under every scheduler."""

import os
import signal
import threading
import time

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from support.dask_tables import METHODS, as_frame, close, da, dask, dd, in_chunks, in_parts
from support.nets import MLP, make_architecture

from agop_tabular import AGOPExplainer


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


def test_a_pipeline_gets_every_partition_as_a_frame(frame, labels):
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
    for found, wanted in zip(explainer.statistics_.columns, whole.statistics_.columns, strict=True):
        np.testing.assert_array_equal(found.values, wanted.values)
    ragged = [frame.iloc[:100].assign(city=frame["city"].iloc[:100].cat.set_categories(["Cairo", "Berlin", "Athens"]))]
    ragged = dd.from_delayed([dask.delayed(part) for part in (*ragged, frame.iloc[100:])], meta=frame.iloc[:0])
    close(AGOPExplainer(model).fit(ragged).explain(ragged).compute(), whole.explain(frame))


def test_estimators_are_not_trained_on_dask_tables(table):
    parts = in_parts(as_frame(table))
    with pytest.raises(NotFittedError, match="fit the estimator first"):
        AGOPExplainer(MLPClassifier()).fit(parts, np.zeros(4500, int))
    fitted = LogisticRegression().fit(table, np.arange(4500) % 2)
    with pytest.raises(NotFittedError, match="fit the estimator first"):
        AGOPExplainer(fitted, prefit=False).fit(in_chunks(table), np.arange(4500) % 2)


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


def test_a_network_that_cannot_be_pickled_is_explained_by_threads(table):
    module = make_architecture("weight norm")
    with pytest.raises(RuntimeError):
        __import__("cloudpickle").dumps(module)
    whole = AGOPExplainer(module).fit(table)
    with dask.config.set(scheduler="threads", num_workers=3):
        parts = AGOPExplainer(module).fit(in_chunks(table))
        close(parts.explain(in_chunks(table)).compute(), whole.explain(table))


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
            tasks = [task for key, task in dask_scheduler.tasks.items() if "_of_partition" in str(key)]
            return sum(task.state in ("memory", "released") for task in tasks)

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
