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
