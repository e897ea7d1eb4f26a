"""The file that a fitted explainer is saved in."""

from agop_tabular.persistence.explainer_file import image_state, load, save
from agop_tabular.persistence.network_record import NetworkRecord
from agop_tabular.persistence.saved_explainer import SavedExplainer

__all__ = ["NetworkRecord", "SavedExplainer", "image_state", "load", "save"]
