"""What happened, as immutable values: no behaviour, no I/O, no clock."""
