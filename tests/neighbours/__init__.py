"""Everybody else who traces model calls, installed beside the library in environments of their own."""
