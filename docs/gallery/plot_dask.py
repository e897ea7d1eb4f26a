"""
A table that is larger than memory
==================================

dask reads a table a partition at a time. So does the explainer: it fits on all rows, and
writes the explanations of all rows to files, without holding either in memory. Here the
table is small, so that the example takes seconds.
"""

import tempfile
from pathlib import Path

import dask.dataframe as dd
import numpy as np
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from agop_tabular import AGOPExplainer
from agop_tabular.datasets import fetch_adult

folder = Path(tempfile.mkdtemp())
X, y = fetch_adult(return_X_y=True)
dd.from_pandas(X, npartitions=12).to_parquet(folder / "table")

columns = make_column_transformer(
    (
        OneHotEncoder(handle_unknown="ignore"),
        make_column_selector(dtype_include="category"),
    ),
    (StandardScaler(), make_column_selector(dtype_include="number")),
)
model = make_pipeline(
    columns, MLPClassifier((32,), early_stopping=True, random_state=0)
).fit(X[:8000], y[:8000])

# %%
# ``fit`` sends each partition through the network and adds up what it finds. ``explain`` is
# lazy: it returns a dask DataFrame with the partitions of the table, computed as they are
# written.

rows = dd.read_parquet(folder / "table")
explainer = AGOPExplainer(model, class_names=["up to 50K", "more than 50K"]).fit(rows)
lazy = explainer.explain(rows, target=">50K")
lazy.to_parquet(folder / "explained")
print(f"{explainer.n_samples_seen_:,} rows in {rows.npartitions} partitions")
print(f"{len(list((folder / 'explained').glob('*.parquet')))} files of attributions")

# %%
# The files can be read like any other table, still a partition at a time.

explained = dd.read_parquet(folder / "explained")
print(
    explained.abs()
    .mean()
    .compute()
    .sort_values(ascending=False)
    .head(6)
    .round(2)
    .to_string()
)

# %%
# Rows that fit into memory become an explanation with pictures.

explainer(rows.partitions[0].compute(), target=">50K").plot_summary()

# %%
# It is the same answer as that of the table in memory, up to rounding.

in_memory = AGOPExplainer(model).fit(X).explain(X[:1000], target=">50K")
same = np.abs(in_memory.to_numpy() - lazy.partitions[0].compute()[:1000].to_numpy()).max()
print(f"largest difference: {same:.1e}")
