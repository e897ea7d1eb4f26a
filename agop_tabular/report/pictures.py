"""Pictures as inline SVG: the same bytes for the same drawing, whatever a user has set, and nothing that is loaded."""

from __future__ import annotations

import io
import re
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import numpy as np

from agop_tabular.results.plots.canvas import figure_of, pyplot

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"

SETTINGS = {
    "svg.fonttype": "none",  # text stays text: smaller, searched and read aloud
    "svg.hashsalt": "agop_tabular",  # names of parts are random otherwise
    "savefig.dpi": 150,  # of what is drawn as pixels: maps, and clouds of dots
    "image.composite_image": False,
}
"""Of matplotlib, on top of its defaults."""

NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML may have, and a column's name might."""

REFERENCE = re.compile(r"url\(#([^)]+)\)")


def drawn(key: str, draw: Callable[[], Any], *, pixels: bool = False) -> str:
    """Draw a picture of its own as SVG.

    Parameters
    ----------
    key : str
        Begins the names of its parts, so that they are unique on a page.
    draw : callable
        Makes a new figure, and returns its axes, or an array of them.
    pixels : bool
        Whether dots become an image inside of the picture: thousands of them would be a large file.

    Returns
    -------
    str
        An ``svg`` element, in which all text is escaped.
    """
    plt = pyplot()
    before = set(plt.get_fignums())
    with warnings.catch_warnings(), plt.style.context(["default", SETTINGS]):
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # the reader's browser has fonts of its own
        try:
            axes = np.ravel(np.array(draw(), dtype=object))
            if pixels:
                for dots in axes[0].collections:
                    dots.set_rasterized(True)
            file = io.StringIO()
            figure_of(axes[0]).savefig(file, format="svg", metadata={"Date": None})
        finally:
            for number in set(plt.get_fignums()) - before:
                plt.close(number)
    return _inline(file.getvalue(), key)


def _inline(text: str, key: str) -> str:
    """An SVG file as an element of a page: without what it says of itself, and with names of its own for its parts."""
    root = ElementTree.fromstring(NO_XML.sub("�", text))
    for name, space in (("", SVG), ("xlink", XLINK)):
        ElementTree.register_namespace(name, space)
    for said in root.findall(f"{{{SVG}}}metadata"):
        root.remove(said)
    link = f"{{{XLINK}}}href"
    seen: Counter[str] = Counter()
    for element in root.iter():
        if "id" in element.attrib:
            name = element.attrib["id"]
            element.set("id", f"{key}-{name}" + (f"-{seen[name]}" if seen[name] else ""))  # of equal images
            seen[name] += 1
        if element.attrib.get(link, "").startswith("#"):
            element.set(link, f"#{key}-{element.attrib[link][1:]}")
        for name, value in element.attrib.items():
            if "url(#" in value:
                element.set(name, REFERENCE.sub(rf"url(#{key}-\1)", value))
    root.set("aria-hidden", "true")  # the page says in words what it shows
    return ElementTree.tostring(root, encoding="unicode")
