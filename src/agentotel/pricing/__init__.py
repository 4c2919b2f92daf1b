"""What calls cost, exactly or not at all: usage in, US dollars out."""

from __future__ import annotations

from agentotel.pricing.files import load_prices
from agentotel.pricing.prices import Prices

__all__ = ["Prices", "load_prices"]
