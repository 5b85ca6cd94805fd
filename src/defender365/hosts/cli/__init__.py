"""The command line: thin, generated from the declarations."""

from defender365.hosts.cli.main import main

__all__ = ["main"]
