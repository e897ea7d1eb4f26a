"""pytabkit's RealMLP, and other networks of pytabkit's own layers.

Categories become one-hot coordinates. A layer that encodes their codes is replaced by a product with the table of its
outputs for all codes.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator, TransformerMixin
from torch import Tensor, nn

from agop_tabular.adapters.registry import adapts
from agop_tabular.models.adapter import Adapter
from agop_tabular.models.codes import blocks, one_hot
from agop_tabular.models.no_gradient import NoGradientError


class PytabkitRows(TransformerMixin, BaseEstimator):
    """Converts the user's rows to pytabkit's numeric columns, then the codes of its categorical ones.

    Parameters
    ----------
    estimator : pytabkit.RealMLP_TD_Classifier, …
    """

    def __init__(self, estimator: Any):
        self.estimator = estimator

    def fit(self, X: Any, y: Any = None) -> Any:
        """Do nothing: there is nothing to fit."""
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Numeric columns and codes (n, d'), as floats."""
        tensors = self.estimator.x_converter_.transform(pd.DataFrame(X)).tensors
        if torch.isnan(tensors["x_cont"]).any():
            raise ValueError(
                "pytabkit takes no missing values in numeric columns; put an imputer in front of it, for example "
                "make_pipeline(ColumnTransformer([('impute', SimpleImputer(), columns)], remainder='passthrough'), …)."
            )
        return torch.cat((tensors["x_cont"], tensors["x_cat"].float()), dim=1).numpy()

    def source_columns(self, names: list[str]) -> tuple[list[int], list[str]]:
        """Place of the user's column that each output is, and an empty addition to its name.

        Columns of other dtypes are not used.
        """
        place = {name: j for j, name in enumerate(names)}
        used = [c for part in _parts(self.estimator.x_converter_) for c in part]
        return [place[c] if c in place else int(c) for c in used], [""] * len(used)

    def __sklearn_is_fitted__(self) -> bool:
        return True


def _parts(converter: Any) -> list[list[Any]]:
    """Columns that pytabkit treats as numeric, and those that it treats as categorical."""
    return [
        [c for name, _, columns in part.transformers_ if name != "remainder" for c in columns]
        for part in (converter.num_tf, converter.cat_tf)
    ]


class SoftEncoding(nn.Module):
    """An encoding layer that takes one-hot vectors instead of codes.

    Parameters
    ----------
    layer : pytabkit EncodingLayer
    sizes : list of int
        Number of codes of each categorical column.

    Attributes
    ----------
    kept : list of int
        Sizes of the columns that the layer passes through.
    """

    def __init__(self, layer: Any, sizes: list[int]):
        super().__init__()
        self.layer = layer
        self.name = str(layer.enc_output_name)
        self.sizes = sizes
        self.kept = [size for size, one in zip(sizes, self._encoders(), strict=True) if _leaves_alone(one)]

    def _encoders(self) -> Any:
        return self.layer.emb_layers

    def forward(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Encode the one-hot ``x_cat`` of pytabkit's dictionary of tensors."""
        out, name = dict(tensors), self.name
        x = out.pop("x_cat")
        encoded, kept = [out[name]] if name in out else [], []
        for encoder, size, block in zip(self._encoders(), self.sizes, blocks(self.sizes), strict=True):
            if _leaves_alone(encoder):
                kept.append(x[..., block])
                continue
            codes = torch.arange(size, device=x.device).reshape(size, 1).expand(*x.shape[:-2], size, 1)
            encoded.append(x[..., block] @ encoder.forward_tensors({"x_cat": codes})["x_cont"].to(x.dtype))
        out[name] = torch.cat(encoded, dim=-1) if encoded else x[..., :0]
        if kept:
            out["x_cat"] = torch.cat(kept, dim=-1)
        return out


def _leaves_alone(encoder: nn.Module) -> bool:
    return type(encoder).__name__ == "IdentityLayer"


def _softened(layer: nn.Module, sizes: list[int]) -> tuple[nn.Module, list[int]]:
    """A copy of a layer in which encoding layers take one-hot vectors, and the sizes of the codes that it leaves.

    Weights are shared with the original.
    """
    kind = type(layer).__name__
    if kind == "SklearnTransformLayer":
        raise NoGradientError("This network's own preprocessing (quantile, kdi, …) has no gradient; fit it without.")
    if kind == "EncodingLayer":
        soft = SoftEncoding(layer, sizes)
        return soft, soft.kept
    twin = copy.copy(layer)
    twin._modules = {}
    for name, child in layer._modules.items():
        if child is None:
            twin._modules[name] = None
        elif kind == "ConcatParallelLayer":  # all of its branches read the same codes
            twin._modules[name] = _branches(child, sizes)
        else:
            twin._modules[name], sizes = _softened(child, sizes)
    return twin, sizes


def _branches(layers: nn.Module, sizes: list[int]) -> nn.Module:
    return nn.ModuleList([_softened(branch, sizes)[0] for branch in layers.children()])


class PytabkitNetwork(nn.Module):
    """The mean of pytabkit's networks, on numeric columns and one-hot blocks.

    Parameters
    ----------
    modules : list of pytabkit TabNNModule
        Each may have several networks, trained together.
    n_numeric : int
        Number of numeric columns.
    sizes : list of int
        Number of codes of each categorical column.
    classifies : bool
    """

    def __init__(self, modules: list[Any], n_numeric: int, sizes: list[int], *, classifies: bool):
        super().__init__()
        self.n_numeric, self.classifies = n_numeric, classifies
        self.widths = [_width(module) for module in modules]
        self.before, self.behind = nn.ModuleList(), nn.ModuleList()
        for module in modules:
            before, left = _softened(module.creator.static_model, sizes)
            self.before.append(before)
            self.behind.append(_softened(module.model, left)[0])

    @property
    def n_members(self) -> int:
        """Number of networks that are averaged."""
        return sum(self.widths)

    def forward(self, x: Tensor) -> Tensor:
        """Scores of one network, mean probabilities of several, or their mean prediction."""
        found = []
        for before, behind, width in zip(self.before, self.behind, self.widths, strict=True):
            tensors = before({"x_cont": x[:, : self.n_numeric], "x_cat": x[:, self.n_numeric :]})
            tensors = {name: t.expand(width, *t.shape) for name, t in tensors.items()}
            found.append(behind(tensors)["x_cont"])
        each = torch.cat(found)
        if self.n_members == 1:
            return each[0]
        return (torch.softmax(each, dim=-1) if self.classifies else each).mean(dim=0)


def _width(module: Any) -> int:
    """Number of networks in a module."""
    creator = module.creator
    return int(creator.n_tt_splits * creator.n_tv_splits * module.config.get("n_ens", 1))


@adapts("pytabkit.AlgInterfaceClassifier")
def pytabkit_classifier(estimator: Any) -> Adapter:
    """RealMLP_TD_Classifier, RealMLP_TD_S_Classifier, RealMLP_HPO_Classifier."""
    network, rows = _network(estimator, classifies=True)
    return Adapter(
        network,
        kind="classifier",
        classes=np.asarray(estimator.classes_),
        outputs="scores" if network.n_members == 1 else "probabilities",
        preprocessing=rows,
    )


@adapts("pytabkit.AlgInterfaceRegressor")
def pytabkit_regressor(estimator: Any) -> Adapter:
    """RealMLP_TD_Regressor, RealMLP_TD_S_Regressor, RealMLP_HPO_Regressor."""
    network, rows = _network(estimator, classifies=False)
    return Adapter(network, kind="regressor", preprocessing=rows)


def _network(estimator: Any, *, classifies: bool) -> tuple[PytabkitNetwork, tuple[Any, ...]]:
    modules = _modules(estimator.alg_interface_, type(estimator).__name__)
    n_numeric = len(_parts(estimator.x_converter_)[0])
    sizes = [int(size) for size in estimator.x_converter_.tensor_infos["x_cat"].get_cat_sizes()]
    network = PytabkitNetwork(modules, n_numeric, sizes, classifies=classifies)
    place = {n_numeric + i: range(size) for i, size in enumerate(sizes)}
    return network, (PytabkitRows(estimator), one_hot(place, n_numeric + len(sizes)))


def _modules(interface: Any, name: str) -> list[Any]:
    """The networks behind one of pytabkit's interfaces, with the weights that its own ``predict`` uses."""
    if hasattr(interface, "sub_split_interfaces"):
        return [m for part in interface.sub_split_interfaces for m in _modules(part, name)]
    kind = type(interface).__name__
    if kind in ("RandomParamsNNAlgInterface", "NNHyperoptAlgInterface"):
        return _modules(interface.alg_interface, name)
    if kind != "NNAlgInterface":
        raise NoGradientError(
            f"{name} cannot be explained by its gradient; of pytabkit's models, only RealMLP can. "
            'Use agop_tabular.automl.explain(…, surrogate="auto") for the others.'
        )
    chosen = interface.get_current_predict_params_dict().get("val_metric_name")
    if chosen is not None:
        interface.model.restore_ckpt_for_val_metric_name(chosen)
    return [interface.model]
