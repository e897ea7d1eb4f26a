"""Paired tests on raw truth."""
