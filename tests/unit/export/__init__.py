"""Tests of ``agentotel.export``."""
