"""Digests of the measured code."""

import pytest

from benchmarks.__main__ import STUDIES
from benchmarks.evidence import code


def test_every_study_says_what_it_measures():
    assert set(code.MEASURED) == set(STUDIES)
    for parts in code.MEASURED.values():
        assert all((code.ROOT / "agop_tabular" / part).is_dir() for part in parts)


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ('"""Other words."""\nx = 1\n', True),
        ('"""Words."""\n\n\nx = 1  # one\n', True),
        ('"""Words."""\nx = 1\n"""What x is."""\n', True),
        ('"""Words."""\nx = 2\n', False),
        ('"""Words."""\nx = "# 1"\n', False),
    ],
)
def test_comments_and_docstrings_do_not_count(changed, same):
    assert (code.bare(changed) == code.bare('"""Words."""\nx = 1\n')) is same


def test_a_string_that_looks_like_a_comment_counts():
    assert code.bare('x = "a # b"\n') == 'x = "a # b"'


def test_a_digest_is_that_of_the_parts_that_are_measured(tmp_path, monkeypatch):
    for part in ("core", "audit"):
        (tmp_path / "agop_tabular" / part).mkdir(parents=True)
        (tmp_path / "agop_tabular" / part / "a.py").write_text("x = 1\n")
    monkeypatch.setattr(code, "ROOT", tmp_path)
    monkeypatch.setattr(code, "MEASURED", {"narrow": ("core",), "wide": ("core", "audit")})
    before = [code.digest.__wrapped__(study) for study in ("narrow", "wide")]
    (tmp_path / "agop_tabular/audit/a.py").write_text("x = 2\n")
    narrow, wide = [code.digest.__wrapped__(study) for study in ("narrow", "wide")]
    assert narrow == before[0]
    assert wide != before[1]
