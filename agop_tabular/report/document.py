"""The file: sections as one HTML page with all that it needs inside, written whole or not at all."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import Any

from agop_tabular.core.atomic import replacing
from agop_tabular.report.blocks import Section
from agop_tabular.results.plots.canvas import pyplot

PAGE, SCRIPT, STYLE = "report.html.j2", "report.js", "report.css"
"""Files in the folder of templates."""


@dataclass(frozen=True, eq=False)
class Document:
    """What a page says.

    Attributes
    ----------
    title : str
    date : str
        Empty for none.
    summary : sequence of str
        What a reader in a hurry reads: sentences at the top.
    sections : list of Section
    """

    title: str
    date: str
    summary: Sequence[str]
    sections: list[Section]


def write_document(path: str | PathLike[str], make: Callable[[], Document]) -> Path:
    """Write a page, whole or not at all; the place is tried before the page is made, which takes a while.

    Parameters
    ----------
    path : str or path-like
    make : callable
        Makes the document.

    Returns
    -------
    Path
        Where it is.

    Raises
    ------
    ImportError
        Where a package is missing.
    OSError
        Where the file cannot be written.
    """
    _environment()  # else a missing package would be noticed after all other work
    path = Path(path)
    with replacing(path) as content:  # the place is tried first
        content.write_text(page(make()), encoding="utf-8")
    return path


def page(document: Document) -> str:
    """A document as HTML.

    All text is escaped, and a browser is told to run no script but the page's own, which it knows by its hash, and to
    load nothing from anywhere.

    Parameters
    ----------
    document : Document
    """
    script, style = (_template(name) for name in (SCRIPT, STYLE))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return str(_environment().get_template(PAGE).render(document=document, script=script, style=style, digest=digest))


def script_json(data: Any) -> str:
    """JSON as it may stand inside of a script element, which no text in it can end.

    Parameters
    ----------
    data : object
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _environment() -> Any:
    """Jinja's environment, with everything escaped that is not said to be markup."""
    try:
        import jinja2
        from markupsafe import Markup

        pyplot()
    except ImportError as error:
        raise ImportError(
            "A report needs the packages jinja2 and matplotlib: pip install 'agop-tabular[report]'"
        ) from error
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["markup"] = Markup
    environment.filters["script_json"] = lambda data: Markup(script_json(data))
    return environment


def _template(name: str) -> str:
    return (resources.files("agop_tabular.report") / "templates" / name).read_text(encoding="utf-8")
