"""The file that a fitted explainer is saved in."""
