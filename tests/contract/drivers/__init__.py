"""One file per SDK, named as the package that is imported (``_`` for each dot), with one ``DRIVER``."""
