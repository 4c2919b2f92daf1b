"""Tests against real backends."""
