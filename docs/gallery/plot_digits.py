"""
Images: which pixels make an eight?
===================================

The same core explains image networks, where each pixel is a column. scikit-learn's digits
have 8 × 8 pixels.
"""

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
# Over the images, with the outline of a mask: here the strokes. The table says how much of
# each map lies on them.

explanation = explainer(X_test)
strokes = X_test[:, 0] > 0.5
explanation.plot(6, overlay=True, masks=strokes)

# %%
explanation.to_frame(strokes, ["ground", "strokes"]).head(6).round(2)

# %%
# Signed attributions say which way: some pixels speak for an eight rather than another
# digit, others against it. The crossing in the middle makes the eight.

signed = AGOPImageExplainer(net, method="ixg", contrast=True).fit(X_train)
signed(X_test[y_test == 8][:4], target=8).plot(4)

# %%
# In words, of one image:

print(explanation.to_text(3, masks=strokes))
