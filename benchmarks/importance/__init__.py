"""Importances of columns, beside permutation importance."""
