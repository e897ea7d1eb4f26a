"""
A regression with dates
=======================

Daily rentals of a bicycle station, simulated so that the truth is known: a yearly season,
growth, more rentals on warm days and fewer in rain, and weekends that matter only in good
weather. The pipeline turns the date into five numbers; the explanation adds them up to one
column again, the date.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from agop_tabular import AGOPExplainer

rng = np.random.default_rng(0)
date = pd.Series(pd.date_range("2020-01-01", periods=2000))
season = np.cos(2 * np.pi * (date.dt.day_of_year - 200) / 365)
table = pd.DataFrame(
    {
        "date": date,
        "temperature": 12 + 10 * season + rng.normal(0, 4, 2000),
        "rain": rng.exponential(2, 2000) * (rng.random(2000) < 0.4),
        "weekend": np.where(date.dt.day_of_week >= 5, "yes", "no"),
    }
)
fair = (table["rain"] < 1) & (table["weekend"] == "yes")
by_date = 40 * season + 0.05 * np.arange(2000)
by_weather = 3 * table["temperature"] - 12 * table["rain"] + 60 * fair
rentals = 200 + by_date + by_weather + rng.normal(0, 15, 2000)


def from_date(column):
    """Days since 2020, and the place in the year as waves."""
    day = column.iloc[:, 0]
    year = 2 * np.pi * day.dt.day_of_year / 365
    since = (day - pd.Timestamp("2020-01-01")).dt.days / 1000
    waves = [np.sin(year), np.cos(year), np.sin(2 * year), np.cos(2 * year)]
    return np.column_stack([since, *waves])


columns = make_column_transformer(
    (make_pipeline(FunctionTransformer(from_date), StandardScaler()), ["date"]),
    (StandardScaler(), ["temperature", "rain"]),
    (OneHotEncoder(), ["weekend"]),
)
network = MLPRegressor(
    hidden_layer_sizes=(64, 32), alpha=1e-2, max_iter=400, random_state=0
)
model = TransformedTargetRegressor(
    make_pipeline(columns, network), transformer=StandardScaler()
)
train, test, y_train, y_test = train_test_split(table, rentals, random_state=0)
model.fit(train, y_train)
print(f"R² on test days: {model.score(test, y_test):.3f}")

# %%
# Attributions are in rentals, the unit of what is predicted. They add up to the prediction.

explainer = AGOPExplainer(model, output_name="rentals").fit(train)
explanation = explainer(test)
explanation.plot(0)
print(explanation.to_text(0))

# %%
# What the date adds, day by day: the season, and the growth from year to year. The line is
# what was simulated.

figure, ax = plt.subplots(figsize=(9, 4), layout="constrained")
ax.plot(date, by_date - by_date.mean(), color="#b3b3b3", lw=3, label="simulated")
attribution = explanation.to_frame()["date"]
ax.plot(test["date"], attribution, ".", color="#0072b2", label="attribution of the date")
ax.set(ylabel="rentals", title="Season and growth are found again")
ax.legend(frameon=False)

# %%
# Rain and weekends act together: a weekend adds rentals only where it is dry.

explainer.plot_interactions([("rain", "weekend")])

# sphinx_gallery_thumbnail_number = 2
