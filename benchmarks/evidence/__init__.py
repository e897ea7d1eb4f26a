"""How old results are, and the figures that documents quote from them."""
