"""What may be given as a table, and the sentence for everything else."""

from collections import OrderedDict, namedtuple

import numpy as np
import pandas as pd
import pytest
import torch
from skorch.helper import SliceDict

from agop_tabular.models.inputs import as_array, readable_table

ROWS = np.arange(12, dtype="float32").reshape(4, 3)
Row = namedtuple("Row", "a b c")


@pytest.mark.parametrize(
    "X",
    [
        ROWS.tolist(),
        [tuple(row) for row in ROWS.tolist()],
        [Row(*row) for row in ROWS.tolist()],
        list(ROWS),
        [pd.Series(row) for row in ROWS],
        list(torch.tensor(ROWS, requires_grad=True)),
        torch.tensor(ROWS),
        torch.tensor(ROWS, requires_grad=True),
        torch.nn.Parameter(torch.tensor(ROWS)),
        torch.tensor(ROWS).bfloat16(),
        torch.tensor(ROWS).half(),
        torch.tensor(ROWS).int(),
        np.ma.array(ROWS),
        ROWS.astype(np.longdouble),
        ROWS.astype(">f4"),
        pd.DataFrame(ROWS),
    ],
    ids=lambda X: f"{type(X).__name__} {getattr(X, 'dtype', '')}",
)
def test_forms_that_are_read(X):
    np.testing.assert_array_equal(np.asarray(readable_table(X), dtype=float), ROWS)


def generator():
    yield ROWS


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ({"a": ROWS}, "dict of several inputs"),
        (SliceDict(a=ROWS), "SliceDict of several inputs"),
        (OrderedDict(a=ROWS), "OrderedDict of several inputs"),
        ((ROWS, ROWS), "tuple of 2 arrays"),
        ((ROWS[:, 0], ROWS[:, 1]), "tuple of 2 arrays"),
        ([ROWS, ROWS[:, :1]], "list of 2 arrays"),
        ([pd.DataFrame(ROWS)], "list of 1 arrays"),
        ([torch.tensor(ROWS)], "list of 1 arrays"),
        ([{"a": 1}, {"a": 2}], "list of records.*pd.DataFrame"),
        ([[1, 2], [1]], "not equally long"),
        (generator(), "generator, which is no table"),
        ({1, 2}, "set, which is no table"),
        (None, "NoneType, which is no table"),
        ("abc", "str, which is no table"),
        (3, "int, which is no table"),
        (torch.utils.data.TensorDataset(torch.tensor(ROWS)), "TensorDataset, which is no table"),
        (torch.zeros(2, 2, device="meta"), "device meta"),
        (torch.tensor(ROWS).to_sparse(), "sparse tensor.*to_dense"),
        (torch.tensor(ROWS).to(torch.complex64), "Complex data not supported"),
        (ROWS.astype(complex), "Complex data not supported"),
        (pd.DataFrame(ROWS, columns=list("abc")).to_records(index=False), "records.*pd.DataFrame"),
        (np.zeros(3, dtype=[("a", float)]), "records"),
        (np.ma.masked_less(ROWS, 3), "masked array.*filled"),
        ([np.ma.masked_less(row, 3) for row in ROWS], "masked cells.*filled"),
        (pd.DataFrame(ROWS, columns=list("aba")), "more than one column named 'a'"),
        (pd.DataFrame(ROWS, columns=[0, 1, 1]), "more than one column named '1'"),
    ],
    ids=lambda part: part[:24] if isinstance(part, str) else type(part).__name__,
)
def test_a_sentence_for_everything_else(X, message):
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        readable_table(X)
    assert "\n" not in str(caught.value).strip()


def test_tables_of_other_libraries():
    pl, pa = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    table = pl.DataFrame(ROWS, schema=list("abc"))
    arrow = table.to_arrow()
    assert readable_table(table) is table
    assert readable_table(arrow) is arrow
    with pytest.raises(TypeError, match=r"lazy LazyFrame.*X.collect\(\)"):
        readable_table(table.lazy())
    for other in (arrow.to_batches()[0], table["a"], pa.array([1.0])):
        with pytest.raises(TypeError, match="which is not read: give one table"):
            readable_table(other)
    with pytest.raises(ValueError, match="columns of the same name"):
        readable_table(pa.table([pa.array([1])] * 2, names=["a", "a"]))


def test_tensors_as_arrays():
    assert as_array(torch.tensor(ROWS).bfloat16()).dtype == np.float32
    assert as_array(torch.tensor(ROWS).half()).dtype == np.float16
    assert as_array(torch.tensor(ROWS).double()).dtype == np.float64
    assert as_array(torch.tensor(ROWS) > 3).dtype == bool
    with pytest.raises(ValueError, match="y is a sparse tensor"):
        as_array(torch.tensor(ROWS).to_sparse(), "y")
