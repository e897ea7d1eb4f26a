"""The file: escaped, closed against the network, and written whole or not at all."""

import base64
import hashlib
import json
import re

import pytest

from agop_tabular.report.blocks import Bullets, Facts, Paragraph, Picture, Rows, Section, Table
from agop_tabular.report.document import Document, page, script_json, write_document

EVIL = "</script><img src=x onerror=alert(1)>\"'&"
ESCAPED = "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&#34;&#39;&amp;"


def make(text="text"):
    blocks = [
        Paragraph(text),
        Bullets([text]),
        Facts([(text, text)]),
        Table(text, [text, text, text], [[text, text, "3"]], frozenset({1}), frozenset({(0, 2)})),
        Picture("<svg></svg>", text, text),
        Rows({"label": [text]}),
    ]
    return Document(text, text, [text], [Section("key", text, blocks)])


def test_all_text_is_escaped():
    html = page(make(EVIL))
    assert "onerror=alert(1)>" not in html
    assert html.count(ESCAPED) == 19
    assert "<svg></svg>" in html, "pictures are markup"


def test_data_cannot_end_their_script():
    text = script_json({"a": [EVIL, "\u2028", 1.5, None]})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"a": [EVIL, "\u2028", 1.5, None]}


def test_a_browser_is_told_to_load_nothing_and_to_run_the_one_script():
    html = page(make())
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)[1]
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    assert re.findall(r"(?:https?:)?//[a-z]", re.sub(r"xmlns(:\w+)?=\"[^\"]*\"", "", html.replace(script, ""))) == []


def test_tables_say_what_is_a_heading_and_what_is_a_number():
    html = page(make())
    assert '<th scope="col" class="number">text</th>' in html
    assert '<th scope="row">text</th><td>text</td><td class="number strong">3</td>' in html
    assert html.startswith('<!DOCTYPE html>\n<html lang="en">')


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "report.html"
    assert write_document(str(path), make) == path
    before = path.read_bytes()
    assert before.endswith(b"</html>\n")

    def fail():
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        write_document(path, fail)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize("place", ["missing/report.html", "."])
def test_a_place_that_cannot_be_written_is_noticed_before_the_work(tmp_path, place):
    def fail():
        raise AssertionError("the place comes first")

    with pytest.raises(OSError, match=r"does not exist; make it first\.$|is a folder; name a file in it\.$"):
        write_document(tmp_path / place, fail)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    with pytest.raises(ImportError, match=r"needs the packages jinja2 and matplotlib: pip install 'agop-tabular\[rep"):
        write_document(tmp_path / "report.html", make)
    assert list(tmp_path.iterdir()) == []
