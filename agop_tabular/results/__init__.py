"""What an explainer returns: explanations, effects in the user's columns, their plots."""
