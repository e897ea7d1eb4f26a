"""
Why was this applicant denied?
==============================

Credit Default with reference rows. A lender who denies credit has to say why. "Compared
with those who were approved" is a question of its own, and it has other answers than
"compared with everybody". The reference rows can be changed without a new fit.
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
model = make_pipeline(
    make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), categories), (StandardScaler(), numbers)
    ),
    MLPClassifier((64,), early_stopping=True, random_state=0),
).fit(X_train, y_train)
explainer = AGOPExplainer(model, class_names=["pays", "defaults"]).fit(X_train)

# %%
# Applicants with a probability of default below .2 count as approved, those above .6 as
# denied. Here is one of the denied, first compared with all training rows (above) and then
# with the approved ones (below).

approved = X_train[model.predict_proba(X_train)[:, 1] < 0.2]
denied = X_test[model.predict_proba(X_test)[:, 1] > 0.6].iloc[:1]
everybody = explainer(denied, target=1)
against_approved = explainer(denied, target=1, reference=approved)

figure, (above, below) = plt.subplots(2, figsize=(7, 8.5), sharex=True)
everybody.plot(0, ax=above, n=8).set_title("Compared with everybody", loc="left")
against_approved.plot(0, ax=below, n=8).set_title("Compared with the approved", loc="left")

# %%
# The base value, where the bars begin, is the mean log-odds of the reference rows. The
# approved are far from default, so there is more to explain. In words:

print(against_approved.to_text(0))

# %%
# The four principal reasons as a table, for the letter:

against_approved.top(4)

# %%
# All denied applicants against the approved: which reasons does the lender give most often?

all_denied = X_test[model.predict_proba(X_test)[:, 1] > 0.6]
reasons = explainer(all_denied, target=1, reference=approved)
first = reasons.top(1)["feature"].value_counts()
print(f"The first reason of {len(all_denied):,} denied applicants:")
print(first.head().to_string(header=False))
reasons.plot_summary(n=8)
