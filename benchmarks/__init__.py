"""The studies: ``python -m benchmarks NAME``. Not part of the wheel."""
