"""Images through the same core as tables: an explainer, and the networks of its benchmark."""

from agop_tabular.image.explainer import AGOPImageExplainer, ImageExplanation

__all__ = ["AGOPImageExplainer", "ImageExplanation"]
