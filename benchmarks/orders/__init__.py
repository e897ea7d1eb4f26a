"""What is left of the default's error."""
