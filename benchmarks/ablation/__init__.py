"""The default on families of problems that it was not chosen on."""
