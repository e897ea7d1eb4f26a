"""A bare torch module: its outputs are the scores, or what they are computed from where it ends in probabilities."""

from __future__ import annotations

import numpy as np
from torch import nn

from agop_tabular.adapters.registry import adapts
from agop_tabular.models.adapter import Adapter


@adapts("torch.Module")
def torch_module(module: nn.Module) -> Adapter:
    """Outputs (n, C) are taken as the scores of classes 0 … C-1; a single output is one score, as in regression.

    An attribute ``classes_`` of the module says what they are: the labels of its classes, of which a single output is
    the logit of the second; or None for outputs that are no classes. Of classes, the scores are the input of a Softmax
    or Sigmoid layer that the module ends in.
    """
    if not hasattr(module, "classes_"):
        return Adapter(module, kind="module")
    if module.classes_ is None:
        return Adapter(module, kind="regressor")
    return Adapter(module, kind="classifier", classes=np.asarray(module.classes_), classes_given=True, outputs="unsaid")
