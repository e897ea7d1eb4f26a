"""
Categories by embedding
=======================

A torch module that looks categories up in tables of its own. An embedding has no gradient
in its codes, so most explainers fail here, or explain the dimensions of the embedding. This
one explains the columns, without a change to the module.
"""

import numpy as np
import pandas as pd
import torch
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder, StandardScaler
from skorch import NeuralNetRegressor
from torch import nn

from agop_tabular import AGOPExplainer

rng = np.random.default_rng(0)
cities = ["Bergen", "Lyon", "Porto", "Riga", "Turin", "Zagreb"]
rent_of = dict(zip(cities, [14.0, 12.0, 11.0, 8.0, 9.0, 7.0], strict=True))
n = 4000
flats = pd.DataFrame(
    {
        "city": rng.choice(cities, n),
        "heating": rng.choice(["district", "gas", "wood"], n),
        "size": rng.uniform(20, 140, n).round(),
        "year": rng.integers(1900, 2024, n),
    }
)
rent = flats["size"] * flats["city"].map(rent_of) + rng.normal(0, 40, n)
rent += 1.5 * (flats["year"] - 1960).clip(lower=0) - 60 * (flats["heating"] == "wood")
y = rent.to_numpy("float32")[:, None] / 1000


class Rent(nn.Module):
    """The first two columns are codes, the others numbers."""

    def __init__(self):
        super().__init__()
        self.city, self.heating = nn.Embedding(6, 4), nn.Embedding(3, 2)
        self.layers = nn.Sequential(nn.Linear(4 + 2 + 2, 64), nn.SiLU(), nn.Linear(64, 1))

    def forward(self, x):
        codes = x[:, :2].long()
        looked_up = [self.city(codes[:, 0]), self.heating(codes[:, 1])]
        return self.layers(torch.cat([*looked_up, x[:, 2:]], dim=1))


torch.manual_seed(0)
model = make_pipeline(
    make_column_transformer(
        (OrdinalEncoder(), ["city", "heating"]), (StandardScaler(), ["size", "year"])
    ),
    FunctionTransformer(np.float32, feature_names_out="one-to-one"),
    NeuralNetRegressor(
        Rent, optimizer=torch.optim.Adam, lr=0.01, max_epochs=40, batch_size=128, verbose=0
    ),
).fit(flats, y)
print(f"R² {model.score(flats, y):.3f}")

# %%
# Four columns go in, four attributions come out. A level is one value, whatever its code.

explainer = AGOPExplainer(model, output_name="rent in thousands").fit(flats)
explanation = explainer(flats[:200])
explanation[:4]

# %%
# The effect of each column, levels with their frequencies; and the pair that was simulated:
# a square metre costs twice as much in Bergen as in Zagreb.

explainer.plot_effects()

# %%

explainer.plot_interactions([("size", "city")])
