"""Small foundations that every other package may use."""
