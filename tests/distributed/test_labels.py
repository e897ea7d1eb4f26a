"""Labels and targets of dask tables, one for each row."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from support.dask_tables import METHODS, as_frame, close, da, dd, in_chunks, in_parts
from support.nets import MLP

from agop_tabular import AGOPExplainer


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
