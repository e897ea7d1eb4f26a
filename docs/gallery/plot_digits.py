"""
Images: which pixels make an eight?
===================================

The same core explains image networks, where each pixel is a column. scikit-learn's digits
have 8 × 8 pixels.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from skorch import NeuralNetClassifier
from torch import nn

from agop_tabular.image import AGOPImageExplainer

digits = load_digits()
images = (digits.images / 16).astype("float32")[:, None]
X_train, X_test, y_train, y_test = train_test_split(
    images, digits.target.astype("int64"), random_state=0
)

network = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1),
    nn.ReLU(),
    nn.Flatten(),
    nn.Linear(32 * 16, 10),
)
torch.manual_seed(0)
net = NeuralNetClassifier(
    network,
    criterion=nn.CrossEntropyLoss,
    optimizer=torch.optim.Adam,
    lr=3e-3,
    max_epochs=12,
    batch_size=64,
    verbose=0,
).fit(X_train, y_train)
print(f"accuracy on test images: {net.score(X_test, y_test):.3f}")

# %%
# A map for each image: how strongly each pixel acts on the score of the predicted digit,
# weighted by how much the network uses the pixel over all training images.

explainer = AGOPImageExplainer(net, method="agop-weighted").fit(X_train)
explainer(X_test[:6]).plot(6)

# %%
# Signed attributions say which way. Red pixels speak for an eight rather than another
# digit, blue ones against it: the crossing in the middle makes the eight.

signed = AGOPImageExplainer(net, method="ixg", contrast=True).fit(X_train)
eights = X_test[y_test == 8][:4]
maps = signed.explain(eights, target=8)
figure, axes = plt.subplots(2, 4, figsize=(8, 4.2), layout="constrained")
for image, attributions, (above, below) in zip(eights, maps, axes.T, strict=True):
    above.imshow(image[0], cmap="gray_r")
    largest = np.abs(attributions).max()
    below.imshow(attributions, cmap="RdBu_r", vmin=-largest, vmax=largest)
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])
axes[0, 0].set_ylabel("image")
axes[1, 0].set_ylabel("for eight")
