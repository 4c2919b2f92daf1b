"""The one generic wrapper around SDK calls, streams and HTTP libraries, and what gets patched."""
