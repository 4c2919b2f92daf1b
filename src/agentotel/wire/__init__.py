"""One module per wire format: provider JSON to facts, pure."""
