"""Objects cut out of pictures by maps of a network."""
