"""Training-guided attribution beside the methods that look at the trained network only."""
