"""What is gathered from training rows: statistics, shuffled rows, and the callback that gathers while a net trains."""
