"""Explainers that AGOP is compared with, called through their own libraries behind one signature; and two controls.

Every entry of ``BASELINES`` is called as ``(model, X, target, background, random_state) -> (n, d)``, for any model that
:class:`~agop_tabular.AGOPExplainer` takes. Attributions are in the user's columns. shap, captum and lime are imported
when used.
"""

from agop_tabular.baselines.base import Baseline
from agop_tabular.baselines.captum_methods import DeepLift, InputXGradient, IntegratedGradients, SmoothGrad
from agop_tabular.baselines.grad_cam import GradCam
from agop_tabular.baselines.lime_tabular import Lime
from agop_tabular.baselines.network_shapley import NetworkShapley
from agop_tabular.baselines.random_order import RandomOrder
from agop_tabular.baselines.shap_methods import DeepShap, GradientShap, KernelShap

BASELINES: dict[str, Baseline] = {
    "shap-deep": DeepShap(),
    "shap-deep-1000": DeepShap(n_background=1000),
    "shap-gradient": GradientShap(),
    "shap-gradient-1000": GradientShap(n_background=1000),
    "shap-kernel": KernelShap(),
    "integrated-gradients": IntegratedGradients(),
    "input-x-gradient": InputXGradient(),
    "smoothgrad": SmoothGrad(),
    "deeplift": DeepLift(),
    "lime": Lime(),
    "random": RandomOrder(),
    "network-shapley": NetworkShapley(),
}

__all__ = [
    "BASELINES",
    "Baseline",
    "DeepLift",
    "DeepShap",
    "GradCam",
    "GradientShap",
    "InputXGradient",
    "IntegratedGradients",
    "KernelShap",
    "Lime",
    "NetworkShapley",
    "RandomOrder",
    "SmoothGrad",
]
