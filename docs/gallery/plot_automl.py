"""
The winner of an AutoML search
==============================

FLAML searches, and one call explains what it found, within a time that you set. If the
winner is a network, its own gradient is used. If it is a gradient boosting, a student
network learns its answers, and the explanation says how faithful the student is.
"""

import flaml
from sklearn.model_selection import train_test_split

from agop_tabular import automl
from agop_tabular.datasets import fetch_adult

X, y = fetch_adult(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, train_size=2500, test_size=1000, random_state=0
)

search = flaml.AutoML()
search.add_learner("tabular_mlp", automl.flaml_learner)
settings = {
    "task": "classification",
    "time_budget": -1,
    "n_jobs": 1,
    "seed": 0,
    "verbose": 0,
}
search.fit(X_train, y_train, estimator_list=["tabular_mlp"], max_iter=3, **settings)
print("winner:", search.best_estimator)

# %%
# One call, with a budget in seconds. ``about`` has what a log needs.

explanation = automl.explain(search, X_train, X_test, time_budget=5)
for key, value in explanation.about.items():
    print(f"{key:<12}{value}")

# %%
# The explanation is the same object as everywhere else.

explanation[:3]

# %%

explanation.plot_summary()

# %%
# The same search among trees. They have no gradient, so a student is trained on their
# answers; below an R² of .7 it would be refused.

trees = flaml.AutoML()
trees.fit(X_train, y_train, estimator_list=["lgbm"], max_iter=10, **settings)
by_student = automl.explain(trees, X_train, X_test)
fidelity = by_student.about["fidelity"]
print(f"explained by a {by_student.about['by']} with R² {fidelity['r2']:.2f}")
print(f"student and trees agree on {fidelity['agreement']:.0%} of the labels")

# %%
# Do both models use the columns alike? Where the pictures differ, the models differ.

explanation.plot_comparison(by_student, names=["network", "trees, by a student"])

# sphinx_gallery_thumbnail_number = 2
