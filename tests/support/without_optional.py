"""Skip what needs an optional tool that is not installed, for ``make test-lowest``; other runs have them all."""

import re

import pytest

TOOLS = (
    *("captum", "dask", "distributed", "flaml", "imblearn", "jinja2", "lime", "matplotlib", "nbclient", "openml"),
    *("optuna", "ot", "PIL", "polars", "pyarrow", "rich", "selenium", "shap", "skops", "statsmodels", "typer"),
    "xrfm",
)
"""Packages, by the names that they are imported by, of pyproject's optional dependencies."""

MISSING = re.compile(rf"No module named '({'|'.join(TOOLS)})[.']|needs? the packages? ({'|'.join(TOOLS)})\b")
"""What Python says of a missing package, and what this package makes of it."""


class SkipWithoutOptionalTools:
    """A plugin of pytest."""

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector):
        report = yield
        reason = MISSING.search(str(report.longrepr)) if report.failed else None
        if reason is not None:
            report.outcome, report.longrepr = "skipped", (str(collector.path), 0, reason.group())
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item):
        return (yield from _skipping())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        return (yield from _skipping())


def _skipping():
    """The part of a hook around others that skips a test for which a tool is missing."""
    try:
        return (yield)
    except Exception as error:
        reason = missing_tool(error)
        if reason is None:
            raise
        pytest.skip(reason)


def missing_tool(error):
    """What an error, or what it was raised from, says of a missing tool; None for any other error."""
    while error is not None:
        found = MISSING.search(str(error)) if isinstance(error, ImportError | AssertionError) else None
        if found is not None:
            return found.group()
        error = _of_doctest(error) or error.__cause__ or error.__context__
    return None


def _of_doctest(error):
    """What the first failing line of a doctest raised; None for any other error."""
    first = getattr(error, "failures", [error])[0]
    return getattr(first, "exc_info", (None, None))[1]
