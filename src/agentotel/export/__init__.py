"""How spans, metrics and log records leave the process: providers, exporters, flush and shutdown."""
