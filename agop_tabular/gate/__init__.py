"""The noise floor: columns that a network does not use differently from noise, and what it loses without them."""
