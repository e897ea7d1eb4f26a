"""Pictures of explanations and effects, one a module. matplotlib is imported when the first one is drawn."""
