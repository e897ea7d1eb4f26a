"""Dask tables in parts of any length."""

import numpy as np
import pandas as pd
import pytest

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
METHODS = ["agop", "agop-ixg"]
LENGTHS = (0, 0, 700, 1, 0, 2299, 1500, 0)


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


def never(*args, **kwargs):
    raise AssertionError("computed")
