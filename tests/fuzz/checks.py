"""Run a case, and hold the product to its promises."""

import copy
import pickle
import random
import tempfile
import warnings
from contextlib import contextmanager
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from fuzz.estimators import explained_scores, raw_scores
from fuzz.outcome import REFUSED, RIGHT, Fault, Refused, calling
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state
from support.shapley import enumerated
from support.snapshots import assert_same, snapshot

from agop_tabular import AGOPExplainer

BATCHES = 1e-5
"""Relative difference of a row's attributions in other batches: promise 2 of float32."""

ADDS_UP = 1e-4
"""Relative difference of a row's sum from its score less the mean score."""

SHAPLEY = 0.35
"""Relative error against exact Shapley values of the default, where nothing says that effects do not follow."""

FAR = 1e12
"""Numbers whose sine is known to few digits in double precision."""

CANCELLING = 0.1
"""Share of the largest attributions that those of any row by gradients may be a difference of: layer normalisation of
numbers such as a million among ones."""

FEW_ROWS = 20
"""Rows below which waves of a sine may lie between the values of a column."""

LOW_SUPPORT = 0.8
"""Median support below which a row's explanation says of itself that much of it was shared out."""


KNOWN = (
    "Where a network is saturated on all training rows, every attribution is zero, as fit warns; of a row far outside, "
    "what effects leave is given to a column whose change is rounding, or to none, and the batch decides which.",
    "Of a sine of large numbers on a few rows, whose waves are shorter than the distances between values, effects are "
    "up to .4 off with a support above .8.",
    "Of a sine of numbers that are larger than the digits of its dtype, the scores themselves depend on the batch.",
)
"""Faults that stand, and are left out where they are numbered."""


def demand(holds, message):
    """Raise a Fault unless something holds."""
    if not holds:
        raise Fault(message)


class Run:
    """A case that is being run."""

    def __init__(self, case):
        self.case, self.warned = case, []
        self.X = case.table.rows(case.seed)
        with calling_nobody():
            self.estimator = case.model.fitted(case.table, self.X, case.seed)
        n_seen = min(len(self.X), 4)
        new = case.table.rows(case.seed + 1, 3)
        parts = (self.X[:n_seen], new, case.table.rows(case.seed + 2, 1, factor=5))
        self.rows = pd.concat(parts) if isinstance(new, pd.DataFrame) else np.concatenate(parts)
        self.module = module_of(self.estimator)
        self.params = dict(case.parameters)
        if self.params.get("gate") == "mask":
            self.params["gate"] = np.arange(case.table.d) % 2 == 0
        if isinstance(self.params.get("baseline"), str) and self.params["baseline"] == "row":
            self.params["baseline"] = self.X[:1]
        self.params = copy.deepcopy(self.params | case.wrong_parameter)  # a RandomState may be used again
        self.method = self.params["method"]

    @cached_property
    def rounding(self):
        """Largest difference of the network's outputs from those in double precision."""
        if self.module is None:
            return max(linear_rounding(self.estimator, X) for X in (self.X, self.rows))
        if next(self.module.parameters()).dtype is torch.float64:
            return 0.0
        rows = [self.X, self.rows]
        own = [raw_scores(self.estimator, X) for X in rows]
        exact = [raw_scores(self.estimator, X, double=True) for X in rows]
        return max(np.abs(a - b).max() for a, b in zip(own, exact, strict=True))

    # Calls ----------------------------------------------------------------------------------------------------------

    def do(self, what, call):
        """Call the product; the model, its table and all random states must stay as they are."""
        before = None if self.module is None or has_nan(self.module) else snapshot(self.module)
        table, states = self.X.copy(), random_states()
        try:
            with calling(what) as caught:
                out = call()
        finally:
            if before is not None:
                try:
                    assert_same(before, self.module)
                except AssertionError as error:
                    raise Fault(f"{what}: the network was changed") from error
            if self.case.parameters.get("random_state") is not None or self.all_rows:  # as in scikit-learn otherwise
                demand(random_states() == states, f"{what}: a global random state was changed")
            same = table.equals(self.X) if isinstance(table, pd.DataFrame) else np.array_equal(table, self.X)
            demand(same or not hasattr(table, "columns"), f"{what}: the table was changed")
        self.warned += [str(w.message) for w in caught]
        return out

    def explain(self, explainer, rows=None, **target):
        return self.do(
            "explain", lambda: explainer.explain(self.rows if rows is None else rows, **(target or self.target))
        )

    @property
    def n_scores(self):
        return max(self.case.model.n_out, 2 if self.case.model.is_classifier else 1)

    @property
    def target(self):
        several = not self.case.model.is_classifier and self.case.model.n_out > 1
        return {"target": 0} if several else {"target": "predicted"}

    @property
    def contrast(self):
        contrast = self.params.get("contrast", "auto")
        return self.method == "agop" and self.case.model.is_classifier if isinstance(contrast, str) else contrast

    @property
    def complete(self):
        """Whether attributions add up, and nothing is taken from them."""
        gate = self.params.get("gate")
        return self.method == "agop" and (gate is None or isinstance(gate, str))

    @property
    def all_rows(self):
        most = self.case.parameters.get("max_samples")
        return most is None or most >= len(self.X)


def run(case):
    """Class of a case; raises a Fault."""
    this = Run(case)
    explainer = AGOPExplainer(this.estimator, **this.params)
    must = must_refuse(this)
    try:
        this.do("fit", lambda: explainer.fit(this.X))
    except Refused as refusal:
        demand(must or may_refuse(this, str(refusal)), f"refused, although it could be explained: {refusal}")
        demand(not hasattr(explainer, "n_samples_seen_"), "half fitted after an error")
        return REFUSED
    demand(not must, f"accepted: {must}")
    if this.case.model.wrong:  # nothing that can be seen in these rows
        return RIGHT
    try:
        check_attributions(this, explainer)
        CHECKS[case.call](this, explainer)
    except Refused as refusal:
        demand(may_refuse(this, str(refusal)), f"refused after fit: {refusal}")
        return REFUSED
    return RIGHT


def must_refuse(this):
    """Why a case must be refused; empty if it need not."""
    if this.case.wrong_parameter:
        return f"{this.case.wrong_parameter}"
    return this.case.model.network if this.case.model.wrong and shows(this) else ""


def shows(this):
    """Whether a wrong network behaves wrongly on the rows at hand."""
    if len(this.X) < 2 or not this.all_rows:  # too few to mix
        return False
    x = torch.as_tensor(np.array(this.X, dtype="float64")).to(next(this.module.parameters()).dtype)
    try:
        with torch.no_grad():
            whole, again = this.module(x), this.module(x)
            alone = torch.cat([this.module(row) for row in x.split(1)])
    except Exception:
        return True
    if not isinstance(whole, torch.Tensor) or whole.ndim != 2 or not whole.is_floating_point():
        return True
    if not torch.isfinite(whole).all():
        return True
    tolerance = 0.02 * (whole.amax(0) - whole.amin(0)).max() + 1e-3 * whole.abs().max()
    return bool((whole - again).abs().max() > tolerance or (whole - alone).abs().max() > tolerance)


MAY_BE_SAID = (
    "is not finite",  # weights of a skorch net that was trained on huge numbers, or scores of such rows
    "too large to be squared",
    "too small to be squared",
    "too large for float32",
    "scores move with column",  # huge numbers make steps of slopes
    "contrast=True needs at least two",
    'moment="factored" needs a network',
)


def may_refuse(this, message):
    """Whether a refusal is one that data or weights of a case may cause, though nothing about it is wrong."""
    return this.case.model.wrong or any(said in message for said in MAY_BE_SAID)


# Attributions -------------------------------------------------------------------------------------------------------


def check_attributions(this, explainer):
    found = values(this.explain(explainer))
    demand(found.shape == (len(this.rows), this.case.table.d), f"shape {found.shape}")
    demand(np.isfinite(found).all(), "attributions that are not finite")
    again = values(this.explain(explainer))
    demand(np.array_equal(found, again), "the same call gives other bits")
    if not silent(this) and not beyond_digits(this):  # KNOWN[0] and KNOWN[2]
        check_batches(this, explainer, found)
    if this.complete:
        check_sum(this, explainer, found)
    waves = this.case.model.network == "sine" and len(this.X) < FEW_ROWS  # KNOWN[1]
    if this.complete and this.all_rows and this.case.table.d <= 5 and not waves:
        check_shapley(this, explainer, found)


def values(found):
    return np.array(found, dtype="float64")


def scores(this, X):
    return explained_scores(this.case.model, this.estimator, X, this.contrast)


def chosen_score(this, X):
    s = scores(this, X)
    return s[:, 0] if not this.case.model.is_classifier else s.max(axis=1)


def size_of(this, found, rows=None):
    """Magnitude (n, 1) that rounding of rows is relative to: what they add up from, and the outputs themselves.

    Where the network itself rounds more than that, as one of large inputs in float32, its rounding. Refined values add
    up from scores of rows that are mixed with training rows; gradients from terms that may cancel in one row and not in
    others.
    """
    s = explained_scores(this.case.model, this.estimator, this.rows if rows is None else rows, False)
    own = this.rounding / BATCHES  # of the scores, and relative to what they vary by of their gradients
    if this.params.get("refine"):
        own += np.abs(explained_scores(this.case.model, this.estimator, this.X, False)).max()
    size = np.abs(found).sum(axis=1) * (1 + 256 * this.rounding / BATCHES / (np.ptp(s) + 1e-30))
    size += np.abs(s).max(axis=1) + own
    if this.method != "agop":
        size += CANCELLING * np.abs(found).sum(axis=1).max()
    return size[:, None] + 1e-30


def check_batches(this, explainer, found):
    order = np.random.default_rng(0).permutation(len(this.rows))
    size = explainer.batch_size
    ways = {"another order": lambda: values(this.explain(explainer, take(this.rows, order)))[np.argsort(order)]}
    ways["alone"] = lambda: np.concatenate(
        [values(this.explain(explainer, take(this.rows, [i]))) for i in (0, len(order) - 1)]
    )
    expected = {"another order": found, "alone": found[[0, -1]]}
    for name, way in ways.items():
        there = expected[name]
        rows = this.rows if name != "alone" else take(this.rows, [0, len(order) - 1])
        off = np.abs(way() - there) / size_of(this, there, rows)
        demand((off <= BATCHES).all(), f"{name}: a row depends on its batch by {off.max():.2g}")
    explainer.set_params(batch_size=2)
    off = np.abs(values(this.explain(explainer)) - found) / size_of(this, found)
    explainer.set_params(batch_size=size)
    demand((off <= BATCHES).all(), f"batch_size=2: a row depends on its batch by {off.max():.2g}")


def beyond_digits(this):
    """Whether the network is a sine of numbers of which rounding leaves no place within a wave."""
    numbers = [pd.DataFrame(X).select_dtypes("number").abs().max().max() for X in (this.X, this.rows)]
    return this.case.model.network == "sine" and max(numbers) > FAR


def silent(this):
    """Whether it was said that nothing is attributed, for want of a column that varies."""
    return any("so every attribution is zero" in said for said in this.warned)


def check_sum(this, explainer, found):
    whole = this.do("call", lambda: explainer(this.rows, **this.target))
    if silent(this):
        found = found + whole.gap[:, None] / found.shape[1]
    base = whole.base_values
    demand(np.isfinite(base).all(), "base values that are not finite")
    s = chosen_score(this, this.rows)
    off = np.abs(found.sum(axis=1) + base - s) / (np.abs(base) + size_of(this, found)[:, 0])
    demand((off <= ADDS_UP).all(), f"does not add up to the estimator's own score by {off.max():.2g}")
    if this.all_rows:
        s = scores(this, this.X)
        means = s.mean(axis=0)
        size = np.abs(explained_scores(this.case.model, this.estimator, this.X, False)).max()
        off = np.abs(base[:, None] - means).min(axis=1) / (np.abs(base) + size + this.rounding / ADDS_UP + 1e-30)
        demand((off <= ADDS_UP).all(), f"the base value is not the mean score by {off.max():.2g}")


def check_shapley(this, explainer, found):
    support = this.do("call", lambda: explainer(this.rows, **this.target)).support
    n = min(len(this.X), 4)
    kept = [i for i in range(n) if support[i] >= LOW_SUPPORT]
    if not kept or any("effects do not follow" in said or "gradients are not those" in said for said in this.warned):
        return
    which = np.zeros(n, dtype=int)
    if this.case.model.is_classifier:
        which = scores(this, this.rows)[:n].argmax(axis=1)
    X = this.X.astype(object) if isinstance(this.X, pd.DataFrame) else this.X
    values_of, names = np.asarray(X), getattr(this.X, "columns", None)

    def own(Z):
        if names is None:
            return scores(this, Z)
        frame = pd.DataFrame({name: pd.Series(Z[:, j]) for j, name in enumerate(names)})
        return scores(this, frame.astype(this.X.dtypes.to_dict()))

    true = np.stack([enumerated(own, values_of[i], values_of)[:, which[i]] for i in kept]).astype(float)
    size = np.abs(explained_scores(this.case.model, this.estimator, this.X, False)).max()
    error, norm = np.linalg.norm(found[kept] - true), np.linalg.norm(true)
    demand(
        error <= SHAPLEY * norm + 1e-4 * size * len(kept) ** 0.5,
        f"Shapley values: relative error {error / (norm + 1e-30):.2f} (support {support[kept].min():.2f})",
    )


# Further calls ------------------------------------------------------------------------------------------------------


def take(rows, places):
    return rows.iloc[places] if isinstance(rows, pd.DataFrame) else rows[places]


def expect_refusal(what, call, this):
    try:
        this.do(what, call)
    except Refused:
        return
    raise Fault(f"{what}: accepted")


def call_explain(this, explainer):
    here = this.explain(explainer)
    if isinstance(this.rows, pd.DataFrame):
        demand(list(here.columns) == list(this.rows.columns), "other columns")
        demand(here.index.equals(this.rows.index), "another index")


def call_call(this, explainer):
    whole = this.do("call", lambda: explainer(this.rows, **this.target))
    demand(np.array_equal(values(whole.values), values(this.explain(explainer))), "call and explain differ")
    if whole.support is not None:
        known = whole.support[~np.isnan(whole.support)]
        demand(((known >= 0) & (known <= 1 + 1e-5)).all(), "support that is no share")
    for what in (
        lambda: whole.to_frame(),
        lambda: whole.top(2),
        lambda: whole._repr_html_(),
        lambda: repr(whole),
        lambda: whole[:1],
    ):
        this.do("Explanation", what)
    if find_spec("shap") is None:
        return
    shapped = this.do("to_shap", whole.to_shap)
    demand(np.array_equal(values(shapped.values), values(whole.values)), "to_shap differs")


def call_all(this, explainer):
    if this.n_scores == 1:
        return expect_refusal("target all of one score", lambda: explainer.explain(this.rows, target="all"), this)
    every = values(this.explain(explainer, target="all"))
    demand(every.shape == (len(this.rows), this.case.table.d, this.n_scores), f"shape {every.shape}")
    demand(np.isfinite(every).all(), "attributions that are not finite")
    for label in range(this.n_scores):
        one = values(this.explain(explainer, target=label))
        off = np.abs(one - every[:, :, label]) / size_of(this, one)
        demand((off <= BATCHES).all(), f"target {label} is not that of all by {off.max():.2g}")
    this.do("call", lambda: explainer(this.rows, target="all")).to_frame()


def call_labels(this, explainer):
    if this.n_scores == 1:
        return
    labels = np.arange(len(this.rows)) % this.n_scores
    mixed = values(this.explain(explainer, target=labels))
    for label in np.unique(labels):
        one = values(this.explain(explainer, target=int(label)))
        off = (np.abs(one - mixed) / size_of(this, one))[labels == label]
        demand((off <= BATCHES).all(), f"labels one by one: off by {off.max():.2g}")


def call_transform(this, explainer):
    if this.target["target"] != "predicted" and this.method != "agop-global":  # which has no target
        return expect_refusal("transform without a target", lambda: explainer.transform(this.rows), this)
    demand(
        np.array_equal(
            values(this.do("transform", lambda: explainer.transform(this.rows))), values(this.explain(explainer))
        ),
        "transform",
    )
    try:
        with calling_nobody():
            expected = this.estimator.predict(this.rows)
    except Exception:  # of a bare module, or one whose predict does not read such rows
        return
    with calling("predict"):
        demand(np.array_equal(explainer.predict(this.rows), expected), "predict is not the estimator's")


def call_save(this, explainer):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.agop"
        this.do("save", lambda: explainer.save(path))
        back = this.do("load", lambda: AGOPExplainer.load(path, this.estimator))
    if this.params.get("refine"):
        return
    demand(np.array_equal(values(this.explain(back)), values(this.explain(explainer))), "loaded, it explains otherwise")


def call_pickle(this, explainer):
    if this.case.model.wrapper != "MLPClassifier":
        return
    back = this.do("pickle", lambda: pickle.loads(pickle.dumps(explainer)))
    demand(
        np.array_equal(values(this.explain(back)), values(this.explain(explainer))), "unpickled, it explains otherwise"
    )


def call_clone(this, explainer):
    fresh = this.do("clone", lambda: clone(explainer))
    try:
        this.do("explain unfitted", lambda: fresh.explain(this.rows))
    except Refused as refusal:
        demand(isinstance(refusal.__cause__, NotFittedError), "an unfitted explainer raises something else")
    else:
        raise Fault("an unfitted explainer explains")


def call_set_params(this, explainer):
    expected = values(this.explain(explainer))
    other = {"random_state": 5} if not this.params.get("refine") else {"verbose": 0}
    explainer.set_params(**other)
    demand(np.array_equal(values(this.explain(explainer)), expected), "random_state changes what is looked up")
    expect_refusal(
        "set_params(gate='on')", lambda: explainer.set_params(gate="on").explain(this.rows, **this.target), this
    )
    explainer.set_params(gate=np.zeros(this.case.table.d, dtype=bool))
    demand(not values(this.explain(explainer)).any(), "a mask that lets nothing through lets something through")
    explainer.set_params(gate=None)
    if this.method == "agop":
        explainer.set_params(refine=2)
        whole = this.do("refined", lambda: explainer(this.rows, **this.target))
        demand(np.isfinite(whole.values).all() and np.isfinite(whole.standard_errors).all(), "refined: not finite")
        s, found = chosen_score(this, this.rows), values(whole.values)
        off = np.abs(found.sum(axis=1) + whole.base_values - s) / (
            np.abs(whole.base_values) + size_of(this, found)[:, 0]
        )
        demand(silent(this) or (off <= ADDS_UP).all(), f"refined, it does not add up by {off.max():.2g}")


def call_partial_fit(this, explainer):
    if not this.all_rows or len(this.X) < 2:
        return
    parts = AGOPExplainer(this.estimator, **copy.deepcopy(this.params))
    cut = len(this.X) // 2
    this.do("partial_fit", lambda: parts.partial_fit(take(this.X, slice(None, cut))))
    this.do("partial_fit", lambda: parts.partial_fit(take(this.X, slice(cut, None))))
    demand(parts.n_samples_seen_ == len(this.X), "rows are lost")
    found = values(this.explain(parts))
    demand(np.isfinite(found).all(), "partial_fit: not finite")
    np.testing.assert_allclose(
        parts.baseline_, explainer.baseline_, rtol=1e-5, atol=1e-6 * (1 + np.abs(explainer.baseline_).max())
    )
    if this.complete:
        check_sum(this, parts, found)


def call_effects(this, explainer):
    if this.method != "agop":
        return expect_refusal("effects_", lambda: explainer.effects_, this)
    shares = this.do("importances", lambda: explainer.interaction_importances_)
    demand(np.isfinite(shares).all() and np.array_equal(shares, shares.T), "importances that are not symmetric")
    total = np.triu(shares).sum()
    demand(abs(total - 1) < 1e-6 or total == 0, f"importances that sum to {total}")
    effects = explainer.effects_
    for name in explainer.feature_map_.names:
        main = this.do("main effect", lambda name=name: effects.main(name))
        numbers = main.select_dtypes("number").to_numpy() if hasattr(main, "select_dtypes") else np.asarray(main)
        demand(not np.isinf(numbers).any(), "main effects that are not finite")
    names = explainer.feature_map_.names
    if len(names) > 1:
        this.do("pair effect", lambda: effects.pair(names[0], names[1]))
    if explainer.gate_ is not None and not explainer.gate_.mask.shape == (len(names),):
        raise Fault("gate of another shape")
    this.do("repr", lambda: repr(explainer.gate_))


def call_wrong_target(this, explainer):
    for target in ("nobody", 99, -1, None, 0.5, [0], np.zeros((2, 2)), [99] * len(this.rows), {"a": 1}, float("nan")):
        if isinstance(target, list) and len(target) == len(this.rows) == 1:
            continue
        expect_refusal(f"target {target!r}", lambda t=target: explainer.explain(this.rows, target=t), this)


def call_wrong_rows(this, explainer):
    rows, call = this.rows, lambda X: lambda: explainer.explain(X, **this.target)
    array = np.asarray(rows, dtype=object if this.case.table.container == "frame" else None)
    expect_refusal("a column too many", call(np.hstack((array, array[:, :1]))), this)
    expect_refusal("one dimension", call(array[0]), this)
    expect_refusal("no rows", call(array[:0]), this)
    expect_refusal("three dimensions", call(array[None]), this)
    expect_refusal("nothing", call(None), this)
    expect_refusal("text", call("rows"), this)
    expect_refusal("a number", call(3.0), this)
    if isinstance(rows, pd.DataFrame) and this.case.table.d > 1:
        expect_refusal("columns in another order", call(rows[rows.columns[::-1]]), this)
        expect_refusal("a column too few", call(rows.iloc[:, 1:]), this)
    elif not isinstance(rows, pd.DataFrame):
        expect_refusal("complex numbers", call(array.astype(complex)), this)
        if this.method == "agop-global":  # the same for every row, whatever is in it
            return
        bad = array.astype("float64")
        bad[-1, 0] = np.inf
        expect_refusal("infinity", call(bad), this)
        bad[-1, 0] = np.nan
        expect_refusal("NaN", call(bad), this)


def call_few_rows(this, explainer):
    one = this.explain(explainer, take(this.rows, [0]))
    demand(values(one).shape == (1, this.case.table.d), "one row")
    many = take(this.rows, np.zeros(20, dtype=int))
    found = values(this.explain(explainer, many))
    off = np.abs(found - values(one)) / size_of(this, found, many)
    demand((off <= BATCHES).all(), f"the same row 20 times: {off.max():.2g}")


def call_other_containers(this, explainer):
    expected = values(this.explain(explainer))
    if this.case.table.container == "frame":
        return
    for kind, rows in (
        ("list", this.rows.tolist()),
        ("Fortran order", np.asfortranarray(this.rows)),
        ("read-only", frozen(this.rows)),
        ("strided", np.repeat(this.rows, 2, axis=0)[::2]),
        ("tensor", torch.as_tensor(this.rows)),
        ("object", this.rows.astype(object)),
    ):
        found = values(this.explain(explainer, rows))
        off = np.abs(found - expected) / size_of(this, expected)
        demand((off <= BATCHES).all(), f"{kind}: off by {off.max():.2g}")


def frozen(rows):
    rows = rows.copy()
    rows.setflags(write=False)
    return rows


CHECKS = {
    name.removeprefix("call_").replace("_", " "): f for name, f in list(globals().items()) if name.startswith("call_")
}
CHECKS |= {"set_params": call_set_params, "partial_fit": call_partial_fit}


# What is found at the start -----------------------------------------------------------------------------------------


def module_of(estimator):
    last = estimator[-1] if hasattr(estimator, "steps") else estimator
    return last if isinstance(last, torch.nn.Module) else getattr(last, "module_", None)


def linear_rounding(estimator, X):
    """What the first sums of a model of scikit-learn are rounded by, in double precision: large terms may cancel."""
    X = estimator[:-1].transform(X)
    X = abs(X.toarray() if hasattr(X, "toarray") else np.asarray(X))
    last = estimator[-1]
    weights = last.coefs_[0] if hasattr(last, "coefs_") else last.coef_.reshape(-1, X.shape[1]).T
    return 4 * np.finfo(float).eps * (X @ abs(weights)).max()


def has_nan(module):
    """Whether weights are not finite, as of nets trained on huge numbers; they equal nothing."""
    return not all(torch.isfinite(v).all() for v in module.state_dict().values())


def random_states():
    kind, keys, *rest = check_random_state(None).get_state()
    return (keys.tobytes(), *rest, torch.get_rng_state().numpy().tobytes(), random.getstate())


@contextmanager
def calling_nobody():
    """Context of what the product has no part in, whose warnings are nobody's business."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
