"""``python -m agentotel``: the command line."""

from __future__ import annotations

import sys

from agentotel.cli import main

sys.exit(main())
