"""Reports: one HTML file about a model for a reader who has to judge it, without the network and without Python."""
