"""`flask --app wsgi export|import|rescore`. Imports http, catalogue, models and errors."""

from app.cli.commands import COMMANDS

__all__ = ["COMMANDS"]
