"""One small file per model SDK."""
