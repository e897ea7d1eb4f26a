"""Digests of the measured code."""

import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from agop_tabular.attribution.methods import METHODS
from agop_tabular.image import AGOPImageExplainer
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


@pytest.mark.parametrize("method", ["agop-adaptive", *(m for m in METHODS if not METHODS[m].gathers_effects)])
def test_images_are_explained_without_effects(method):
    ran = set()
    images = torch.rand(24, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    network = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(32, 2)).eval()
    before = sys.getprofile()
    sys.setprofile(lambda frame, event, _: ran.add(frame.f_code))
    try:
        AGOPImageExplainer(network, method=method).fit(images).explain(images[:2])
    finally:
        sys.setprofile(before)
    files = {Path(called.co_filename) for called in ran if called.co_name != "<module>"}
    assert any(file.parent.name == "image" for file in files)
    assert not [file for file in files if file.parent.name == "effects"]
