"""Dask tables, a partition at a time: fitting, explaining, labels."""
