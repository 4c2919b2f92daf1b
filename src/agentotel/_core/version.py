"""The version of the package: here, and read from here by everything that says it."""

VERSION = "0.1.0"
