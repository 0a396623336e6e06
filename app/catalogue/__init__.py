"""Rank 2. The operations of the site. Imports models, protocols, errors and inputs; knows no Flask and no torch."""

from app.catalogue.catalogue import Catalogue
from app.catalogue.workshop import Workshop

__all__ = ["Catalogue", "Workshop"]
