"""Adapters: what is being called, as data."""
