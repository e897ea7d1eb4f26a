"""The studies behind the documentation's figures: ``python -m benchmarks``. Not part of the wheel."""
