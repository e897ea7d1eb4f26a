"""The refusal of a model that cannot be explained by its gradient, although what it predicts may be explained."""

from __future__ import annotations


class NoGradientError(TypeError, ValueError):
    """The model has no gradient that can be followed to the user's columns; a student of its predictions has one.

    Raised where that is what is meant, and nothing is wrong with parameters or rows: ``automl.explain`` then teaches a
    student, and lets all other errors pass. It is a TypeError, as for a model of a kind that has no gradient, and a
    ValueError, as for a setting that takes it away.
    """
