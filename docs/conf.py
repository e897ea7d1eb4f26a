"""Configuration of the documentation."""

import re

from docutils import nodes

import agop_tabular

project = "agop_tabular"
author = "The agop_tabular developers"
copyright = author
version = release = agop_tabular.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "examples", "gallery"]  # the gallery's scripts become pages in auto_gallery
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

autosummary_generate = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "auto_gallery",
    "within_subsection_order": "FileNameSortKey",
    "image_srcset": ["2x"],  # pictures that are sharp on screens of many pixels
    "download_all_examples": False,
    "show_signature": False,
    "show_memory": False,
    "remove_config_comments": True,
    "capture_repr": ("_repr_html_",),  # tables; what pictures return is of no interest
}

html_theme = "pydata_sphinx_theme"
html_title = f"agop_tabular {release}"
html_show_sourcelink = False
templates_path = ["templates"]
html_static_path = ["static"]
html_css_files = ["pages.css"]
html_sidebars = {"**": ["all-pages.html"]}
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": True,
    "navbar_center": [],  # the side bar has all pages
    "secondary_sidebar_items": ["page-toc"],
}


def _numbered_references(app, doctree):
    """``[R4e7f…-1]`` becomes ``[1]``; numpydoc does so itself, but not inside ``eval-rst``."""
    for text in list(doctree.findall(nodes.Text)):
        number = re.sub(r"\bR[0-9a-f]{12}-(?=\d+\b)", "", text)
        if number != text:
            text.parent.replace(text, nodes.Text(number))


def setup(app):
    app.connect("doctree-read", _numbered_references, priority=900)  # after numpydoc
