"""A model as differentiable scores over numeric coordinates."""
