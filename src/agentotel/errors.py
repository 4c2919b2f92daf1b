"""The errors that agentotel raises into the application.

AgentotelError
+-- ConfigurationError (also ValueError): a setting is wrong; the message names the fix
+-- CommandError: a command of the command line cannot go on
"""

from __future__ import annotations


class AgentotelError(Exception):
    """Be the base of every error that agentotel raises."""


class ConfigurationError(AgentotelError, ValueError):
    """Say which setting or argument is wrong, and what to write instead."""


class CommandError(AgentotelError):
    """Say in one sentence why a command cannot go on."""
