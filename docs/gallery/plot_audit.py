"""
An audit: how wrong are these explanations?
===========================================

Every fast explanation is an approximation. An audit measures its error on your own model
and on rows that it was not fitted on, and from then on each explanation has a bound of its
error.
"""

import matplotlib.pyplot as plt
from sklearn.compose import make_column_transformer
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from agop_tabular import AGOPExplainer
from agop_tabular.datasets import fetch_credit_default

X, y = fetch_credit_default(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=8000, random_state=0)
categories = ["SEX", "EDUCATION", "MARRIAGE"]
numbers = [column for column in X if column not in categories]
columns = make_column_transformer(
    (OneHotEncoder(handle_unknown="ignore"), categories), (StandardScaler(), numbers)
)
network = MLPClassifier((64,), early_stopping=True, random_state=0)
model = make_pipeline(columns, network).fit(X_train, y_train)
explainer = AGOPExplainer(model, class_names=["pays", "defaults"]).fit(X_train)

audit = explainer.audit(X_test)
audit

# %%
# The columns with the largest errors, in log-odds, beside their mean absolute attributions:

audit.columns.head().round(3)

# %%
# Explanations made after the audit carry a bound: in nine of ten rows like the audited
# ones, the attributions are no further from the network's Shapley values than this,
# relative to the length of these.

explanation = explainer(X_test[:2000], target=1)
figure, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
ax.hist(explanation.error, bins=40, color="#0072b2")
ax.set(
    xlabel="bound of a row's relative error",
    ylabel="rows",
    title="Most rows are explained well, a few are not",
)

# %%
# The row with the largest bound. Its bars are shorter than the doubt about them: do not
# read much into it.

doubtful = int(explanation.error.argmax())
explanation.plot(doubtful)
print(explanation.to_text(doubtful))

# %%
# An overfitted network, trained on 300 rows until it knows them by heart, is harder to
# explain. The audit says so.

network = MLPClassifier((64, 64), max_iter=1000, random_state=0)
overfitted = make_pipeline(columns, network).fit(X_train[:300], y_train[:300])
harder = AGOPExplainer(overfitted).fit(X_train[:300])
print(harder.audit(X_test))

# %%
# What helps: sampling on top of the tables, at some hundred evaluations of the network for
# each row.

print(harder.set_params(refine=64).audit(X_test))
