"""The file that a fitted explainer is saved in."""

from agop_tabular.persistence.explainer_file import SavedExplainer, image_state, load, save
from agop_tabular.persistence.network_record import NetworkRecord

__all__ = ["NetworkRecord", "SavedExplainer", "image_state", "load", "save"]
