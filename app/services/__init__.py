"""Operations of the site, shared by pages, JSON routes and commands."""

from app.services.maintenance import MaintenanceService
from app.services.reviews import ReviewService

__all__ = ["ReviewService", "MaintenanceService"]
