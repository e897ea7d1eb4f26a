"""Networks that come along: for tables and for the images of the benchmark."""
