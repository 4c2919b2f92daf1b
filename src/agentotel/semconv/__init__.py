"""Names, units and enumerations of the conventions and of agentotel, as data."""
