"""A learner for FLAML that trains TabularMLP networks."""

from __future__ import annotations

from typing import Any

from flaml import tune
from flaml.automl.model import SKLearnEstimator

from agop_tabular.networks.tabular_mlp import TabularMLPClassifier, TabularMLPRegressor


class flaml_learner(SKLearnEstimator):  # noqa: N801 - users pass it to FLAML by this name
    """A network for ``flaml.AutoML``: ``automl.add_learner("tabular_mlp", flaml_learner)``.

    Categories are left unchanged; the network's own pipeline one-hot encodes them.
    """

    def __init__(self, task: Any = "binary", **config: Any):
        super().__init__(task, **config)
        classifies = self._task.is_classification()
        self.estimator_class = TabularMLPClassifier if classifies else TabularMLPRegressor

    @classmethod
    def search_space(cls, data_size: Any, task: Any, **_: Any) -> dict[str, Any]:
        """Search space for FLAML, which starts with a small network."""
        return {
            "width": {"domain": tune.lograndint(lower=32, upper=512), "init_value": 64, "low_cost_init_value": 32},
            "lr": {"domain": tune.loguniform(lower=3e-4, upper=1e-2), "init_value": 2e-3},
            "dropout": {"domain": tune.uniform(lower=0.0, upper=0.4), "init_value": 0.1},
            "weight_decay": {"domain": tune.loguniform(lower=1e-6, upper=1e-2), "init_value": 1e-4},
        }

    def config2params(self, config: dict[str, Any]) -> dict[str, Any]:
        """Convert FLAML's configuration to arguments of the network."""
        width = int(config.get("width", 64))
        known = {name: float(config[name]) for name in ("lr", "dropout", "weight_decay") if name in config}
        return {"hidden_layer_sizes": (width, width // 2), "max_epochs": 30, "random_state": 0} | known

    def _preprocess(self, X: Any) -> Any:
        """Return X unchanged; FLAML would replace categories by numbers."""
        return X
