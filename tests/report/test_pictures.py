"""Pictures as inline SVG."""

from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from agop_tabular.report.pictures import drawn

HREF = "{http://www.w3.org/1999/xlink}href"


def draw(title="title"):
    figure, ax = plt.subplots()
    ax.scatter(np.arange(500), np.arange(500))
    ax.set_title(title)
    ax.plot([0, 1], [0, 1], marker="o")
    return ax


def test_the_same_bytes_whatever_is_set():
    before = plt.get_fignums()
    first = drawn("a", draw)
    with mpl.rc_context({"font.size": 30, "svg.fonttype": "path", "lines.linewidth": 9}):
        assert drawn("a", draw) == first
    assert plt.get_fignums() == before


def test_parts_have_names_of_their_own():
    roots = [ElementTree.fromstring(drawn(key, draw)) for key in ("a", "b")]
    names = [{e.attrib["id"] for e in root.iter() if "id" in e.attrib} for root in roots]
    assert len(names[0]) == len(names[1]) > 10
    assert not names[0] & names[1]
    for root, own in zip(roots, names, strict=True):
        asked = {e.attrib[HREF][1:] for e in root.iter() if e.attrib.get(HREF, "").startswith("#")}
        asked |= {v[5:-1] for e in root.iter() for v in e.attrib.values() if v.startswith("url(#")}
        assert asked
        assert asked <= own
        assert not root.findall("{http://www.w3.org/2000/svg}metadata")


def test_text_stays_text_and_is_escaped():
    text = drawn("a", lambda: draw('</svg><script>x()</script> -- id="q" url(#q) \x00\x0b 数'))
    assert "<script>" not in text
    assert '&lt;/svg&gt;&lt;script&gt;x()&lt;/script&gt; -- id="q" url(#q) �� 数' in text


def test_thousands_of_dots_become_pixels():
    assert len(drawn("a", draw, pixels=True)) < len(drawn("a", draw))
    assert 'href="data:image/png;base64,' in drawn("a", draw, pixels=True)


def test_a_failure_leaves_no_figure():
    def fail():
        draw()
        raise RuntimeError("no")

    before = plt.get_fignums()
    with pytest.raises(RuntimeError):
        drawn("a", fail)
    assert plt.get_fignums() == before
