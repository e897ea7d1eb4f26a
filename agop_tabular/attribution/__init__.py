"""What a method is, and the attributor that applies a fitted one to rows."""
