"""The operations of the site. Imports models, protocols, errors and inputs; knows no Flask and no torch."""

from app.services.maintenance import MaintenanceService
from app.services.reviews import ReviewService

__all__ = ["ReviewService", "MaintenanceService"]
