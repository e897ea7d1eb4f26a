"""Bundled networks: for tables, and for the images of the XAI-TRIS benchmark."""
