"""Tests of ``agentotel.cli``."""
