"""Single values as JSON and back, exactly."""

import datetime
import json
import re
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from agop_tabular.persistence.cells import array_from_json, cell_from_json, cell_to_json

VALUES = [
    None,
    True,
    3,
    0.1,
    1e-12,
    -0.0,
    5e-324,
    float("inf"),
    "x",
    np.float32(0.1),
    np.int16(-3),
    np.uint64(2**64 - 1) // np.uint64(4),
    np.bool_(True),
    np.datetime64("2024-02-29"),
    np.datetime64("2024-02-29T01:02:03.000000001"),
    np.datetime64("NaT"),
    np.timedelta64(3, "h"),
    pd.NaT,
    pd.NA,
    pd.Timestamp("2024-02-29 01:02:03.000000001"),
    pd.Timestamp("2024-06-01", tz="Europe/Berlin"),
    pd.Timedelta("1 days 00:00:00.000000007"),
    pd.Period("2024-03", freq="M"),
    pd.Period("2024Q2", freq="Q"),
    datetime.date(2024, 2, 29),
    datetime.datetime(2024, 2, 29, 1, 2, 3, 4),
    datetime.datetime(2024, 2, 29, tzinfo=datetime.UTC),
    datetime.time(1, 2),
]


def there_and_back(value):
    return cell_from_json(json.loads(json.dumps(cell_to_json(value))), "it")


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_round_trip(value):
    again = there_and_back(value)
    assert type(again) is type(value)
    assert (pd.isna(again) and pd.isna(value)) or again == value
    if isinstance(value, float):
        assert np.signbit(again) == np.signbit(value)


def test_nan():
    assert np.isnan(there_and_back(float("nan")))
    assert np.isnan(there_and_back(np.float32("nan")))


@pytest.mark.parametrize(
    "value",
    [b"x", (1, 2), Decimal("0.1"), 1j, np.complex64(1), object(), pd.Interval(0, 1), np.str_("x"), [1]],
    ids=lambda value: type(value).__name__,
)
def test_what_would_not_come_back_is_refused(value):
    with pytest.raises(ValueError, match=re.escape(repr(value))):
        cell_to_json(value)


@pytest.mark.parametrize(
    "written",
    [
        [1],
        {},
        {"type": "date"},
        {"type": "date", "value": "tomorrow"},
        {"type": "date", "value": 3},
        {"type": "date", "value": "2024-01-01" * 100},
        {"type": "Timestamp[ns]", "value": "2024-01-01", "zone": "Nowhere/None"},
        {"type": "Timestamp[ns]", "value": "99999-01-01"},
        {"type": "Period", "value": "2024", "freq": "?"},
        {"type": "Period", "value": "2024"},
        {"type": "<U100000000", "value": "x"},
        {"type": "<M8[x]", "value": 3},
        {"type": "<M8[D]", "value": 2**70},
        {"type": "<i8", "value": 2**70},
        {"type": "|i1", "value": 300},
        {"type": "<f4", "value": "x"},
        {"type": "O", "value": "x"},
        {"type": ["date"], "value": "x"},
        {"type": "NaT", "value": "x"},
    ],
    ids=repr,
)
def test_what_is_no_value_is_refused(written):
    with pytest.raises(ValueError, match="^it"):
        cell_from_json(written, "it")


def test_arrays():
    assert array_from_json([0.1, 1], "<f4", "it").tolist() == np.array([0.1, 1], dtype="f4").tolist()
    assert array_from_json([3], "<M8[D]", "it").tolist() == [datetime.date(1970, 1, 4)]
    assert array_from_json([], "<i8", "it").shape == (0,)
    for values, dtype in ((["x"], "<f8"), ([1.5], "<i8"), ([True], "<i8"), ([1], "|b1"), ([256], "|u1")):
        with pytest.raises(ValueError, match="^it"):
            array_from_json(values, dtype, "it")
