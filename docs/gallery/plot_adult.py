"""
A skorch network on Adult Income
================================

What does a network look at when it says that someone earns more than 50,000 dollars a year?
The table has numbers, categories and missing values. The network sits behind a one-hot
encoder and a scaler, and is explained in the columns of the table.
"""

import numpy as np
import torch
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from skorch import NeuralNetClassifier
from skorch.callbacks import InputShapeSetter
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.datasets import fetch_adult


class MLP(nn.Sequential):
    def __init__(self, n_in=1):
        super().__init__(nn.Linear(n_in, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 2))


X, y = fetch_adult(return_X_y=True)
y = (y == ">50K").to_numpy().astype("int64")
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=8000, random_state=0)

columns = make_column_transformer(
    (
        OneHotEncoder(handle_unknown="ignore"),
        make_column_selector(dtype_include="category"),
    ),
    (StandardScaler(), make_column_selector(dtype_include="number")),
    sparse_threshold=0,
)
torch.manual_seed(0)
net = NeuralNetClassifier(
    MLP,
    criterion=nn.CrossEntropyLoss,
    optimizer=torch.optim.Adam,
    lr=2e-3,
    max_epochs=8,
    verbose=0,
    batch_size=128,
    iterator_train__shuffle=True,
    callbacks=[InputShapeSetter(param_name="n_in")],
)
to_float32 = FunctionTransformer(np.float32, feature_names_out="one-to-one")
model = make_pipeline(columns, to_float32, net).fit(X_train, y_train)
auc = roc_auc_score(y_test, model.predict_proba(X_test)[:, 1])
print(f"ROC-AUC on test rows: {auc:.3f}")

# %%
# The explainer takes the fitted pipeline as it is. Calling it on rows gives an explanation
# of each.

explainer = AGOPExplainer(model, class_names=["up to 50K", "more than 50K"]).fit(X_train)
explanation = explainer(X_test[:4000], target=1)
explanation[:3]

# %%
# One person: where their log-odds come from, in a picture and in words.

explanation.plot(0)
print(explanation.to_text(0))

# %%
# All test rows at once. Each dot is a person; vermillion dots have high values of the
# column, blue ones low values.

explanation.plot_summary()

# %%
# The same fit has the global explanation: what each column adds to the log-odds at each of
# its values.

explainer.plot_effects()

# %%
# And the pairs of columns whose joint effect is more than the sum of both.

explainer.plot_interactions()
