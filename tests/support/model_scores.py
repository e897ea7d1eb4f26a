"""Scores and probabilities as the network of a fitted explainer computes them."""

from agop_tabular.core.evaluating import evaluating


def coordinates(explainer, X):
    """The network's input (n, p) for the user's rows: a tensor."""
    network = explainer.model_.network
    return network.tensor(network.encode(X))


def scores(explainer, X):
    """The network's scores (n, C): an array."""
    network = explainer.model_.network
    with evaluating(network.module):
        return network.scores(coordinates(explainer, X)).detach().numpy()


def probabilities(explainer, X):
    """The network's probabilities (n, C), from its scores: an array."""
    network = explainer.model_.network
    with evaluating(network.module):
        return network.probabilities(network.scores(coordinates(explainer, X))).detach().numpy()


def in_contrast(s):
    """Scores (n, C, ...) minus the mean of the other classes', of an array or a tensor."""
    n = s.shape[1]
    return s - (s.sum(1)[:, None] - s) / (n - 1)
