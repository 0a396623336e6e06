"""Pages from templates, with the status and headers of the form that was posted, where one was."""

from typing import Any

from flask import Response, make_response, render_template

from app.web.forms import Form


def render(template: str, from_request: Form | None = None, **context: Any) -> Response:
    """Return the page; 200 unless the posted form says otherwise."""
    response = make_response(render_template(template, **context))
    if from_request:
        response.status_code = from_request.status
        if from_request.retry_after:
            response.headers["Retry-After"] = str(from_request.retry_after)
    return response
