"""What a user is handed: explanations, effects in the user's columns, their plots."""
