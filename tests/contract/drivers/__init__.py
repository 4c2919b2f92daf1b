"""One file per SDK, named as the package that is imported, with one ``DRIVER``."""
