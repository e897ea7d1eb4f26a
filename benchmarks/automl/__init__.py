"""The AutoML step."""
