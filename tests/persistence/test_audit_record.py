"""An audit in a file: it comes back as it was, and what cannot be one is refused."""

import json
import math

import numpy as np
import pandas as pd
import pytest
import torch
from support.functions import Function

from agop_tabular import AGOPExplainer
from agop_tabular.persistence.audit_record import AuditRecord, audit_from_json, audit_to_json
from agop_tabular.persistence.typed_json import checked

NAMES = ["x0", "x1"]


@pytest.fixture(scope="module")
def audit():
    X = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32)
    return AGOPExplainer(Function(lambda x: torch.tanh(x[:, 0] * x[:, 1]))).fit(X).audit(X, n_rows=20)


def record(audit, **changes):
    state = json.loads(json.dumps(audit_to_json(audit))) | changes
    found = checked(AuditRecord, state, "audit")
    found.check(NAMES, 1)
    return found


def test_it_comes_back(audit):
    again = audit_from_json(record(audit))
    assert again.to_dict() == audit.to_dict()
    pd.testing.assert_frame_equal(again.rows, audit.rows)
    pd.testing.assert_frame_equal(again.columns, audit.columns)
    assert again.error_bound == audit.error_bound
    assert again.of == audit.of
    assert audit_to_json(None) is None
    assert audit_from_json(None) is None


def test_infinite_bounds_and_labels_of_any_kind(audit):
    rows = audit.rows.set_index(pd.date_range("2026-01-01", periods=20)).assign(bound=math.inf)
    again = audit_from_json(record(type(audit)(**vars(audit) | {"rows": rows})))
    assert again.rows.index[0] == "2026-01-01 00:00:00"
    assert np.isinf(again.rows["bound"]).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"column_names": ["x0", "x7"]}, "other columns"),
        ({"columns": {"error": [1.0, 1.0]}}, "other figures of columns"),
        ({"rows": {}}, "other figures of rows"),
        ({"row_labels": [1]}, "figures of other rows"),
        ({"row_targets": ["a"]}, "targets of other rows"),
        ({"intervals": {}}, "other intervals"),
        ({"error_bound": {"coverage": 0.9, "predicted": 1.0, "each": [], "unexplained": []}}, "other scores"),
        ({"error_bound": {"coverage": 2.0, "predicted": 1.0, "each": [1.0], "unexplained": [1.0]}}, "from 0 to 1"),
        ({"of": {"method": "agop", "n_pairs": 0, "gated": [5]}}, "other gated columns"),
        ({"seconds": -1.0}, "from 0"),
        ({"n_permutations": 0}, "from 1"),
    ],
)
def test_refused(audit, changes, message):
    with pytest.raises(ValueError, match=message):
        record(audit, **changes)
