"""Images through the same core as tables: an explainer, and the networks of its benchmark."""

from agop_tabular.adapters.images import FlatImages
from agop_tabular.image.explainer import AGOPImageExplainer
from agop_tabular.image.explanation import ImageExplanation
from agop_tabular.networks.image_nets import CNN8by8, MLP8by8, image_net

__all__ = ["AGOPImageExplainer", "CNN8by8", "FlatImages", "ImageExplanation", "MLP8by8", "image_net"]
