"""What is printed of an audit."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from agop_tabular.audit.error_bound import ErrorBound
from agop_tabular.audit.result import Audit, AuditedAs


@pytest.fixture
def audit():
    columns = pd.DataFrame(
        {"error": [0.3, 0.1, 0.0], "share": [0.9, 0.1, 0.0], "attribution": [1.0, 2.0, 3.0]},
        index=pd.Index(["<b>age</b>", "income", "debt"], name="column"),
    )
    rows = pd.DataFrame(
        {"target": ["a", "b"], "cosine": [0.99, 0.98], "relative_error": [0.1, 0.2], "bound": [0.2, 0.3]}
    )
    return Audit(
        unit="log-odds",
        cosine=0.9876,
        relative_error=0.123,
        intervals={"cosine": (0.98, 0.99), "relative_error": (0.1, 0.15)},
        columns=columns,
        rows=rows,
        noise_share=0.05,
        n_permutations=128,
        n_evaluations=12345,
        seconds=1.23,
        error_bound=ErrorBound(0.9, 1.0, (1.0, 1.0), (0.1, 0.1)),
        of=AuditedAs("agop", 0, ()),
    )


def test_printed(audit):
    text = repr(audit)
    assert text.splitlines()[0] == "Audit of method 'agop' on 2 rows and 3 columns, in log-odds"
    assert "0.988 (95%: 0.980 to 0.990)" in text
    assert "12.3% (95%: 10.0% to 15.0%)" in text
    assert "below its bound in 90% of rows like these (median bound 25%)" in text
    assert "<b>age</b> (90%), income (10%) of the squared error" in text
    assert "debt" not in text
    assert "128 permutations a row, 12,345 evaluations, 1.2 s" in text
    assert "noise" not in text
    assert "noise 3.0 times the squared error: more permutations help" in repr(replace(audit, noise_share=3.0))
    exact = replace(audit, columns=audit.columns.assign(share=0.0))
    assert "no column" in repr(exact)


def test_html_is_escaped(audit):
    page = audit._repr_html_()
    assert "&lt;b&gt;age&lt;/b&gt;" in page
    assert "<b>age" not in page


def test_dict_is_json(audit):
    found = json.loads(json.dumps(audit.to_dict()))
    assert found["columns"][0] == {"column": "<b>age</b>", "error": 0.3, "share": 0.9, "attribution": 1.0}
    assert found["coverage"] == 0.9
    assert found["intervals"]["cosine"] == [0.98, 0.99]
    assert found["n_rows"] == len(audit) == 2


def test_frame_is_a_copy(audit):
    frame = audit.to_frame()
    frame.loc[0, "cosine"] = 0
    assert audit.rows.loc[0, "cosine"] == 0.99
