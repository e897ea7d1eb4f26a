"""Maps of images against the pixels that decide the class."""
