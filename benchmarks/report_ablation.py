"""What the ablation study writes: JSON, CSV, a Markdown page and pictures."""
