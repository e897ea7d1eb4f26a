"""Tables as numbers, and back."""

import pandas as pd
import pytest

from agop_tabular.baselines.numeric_coding import NumericCoding


def test_coded_tables_come_back(frame):
    table = frame.drop(columns=["income", "visits"])
    coded = NumericCoding.of(table)
    pd.testing.assert_frame_equal(
        coded.decode(coded.encode(table)), table.reset_index(drop=True), check_dtype=False, check_categorical=False
    )
    with pytest.raises(ValueError, match="'Oslo'"):
        coded.encode(table.assign(city="Oslo"))
