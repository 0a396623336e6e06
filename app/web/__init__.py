"""The pages: one module for each feature, and the filters and globals of their templates."""

from flask import Flask
from flask_wtf.csrf import generate_csrf

from app.extensions import get_service
from app.models import CONFIDENT_FROM, CorrectedLabel
from app.schemas import QUERY_MAX
from app.services import MaintenanceService
from app.web import (
    admin,
    authors,
    explanations,
    feeds,
    import_export,
    messages,
    movies,
    pages,
    posters,
    preferences,
    rendering,
    reviews,
    stats,
)


def register(app: Flask) -> None:
    """Register the routes of the pages, and the filters and globals of their templates."""
    app.url_map.converters["name"] = authors.NameConverter
    for feature in (movies, reviews, explanations, authors, feeds, stats, preferences, admin, import_export):
        app.register_blueprint(feature.blueprint)
    app.jinja_env.filters.update(rendering.FILTERS | messages.FILTERS, drawn_poster=posters.poster_for)
    app.jinja_env.globals.update(
        cached_fragment=rendering.cached_fragment,
        confident_from=CONFIDENT_FROM,
        highlight_thresholds=explanations.THRESHOLDS,
        csrf_token=generate_csrf,
        neither_label=CorrectedLabel.NEITHER,
        current_model_id=lambda: pages.catalogue().model_card().id,
    )
    # Every page, errors too, has the search box and the footer.
    app.context_processor(lambda: {"query_max": QUERY_MAX, "is_durable": get_service(MaintenanceService).store.durable})
