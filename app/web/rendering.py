"""Pages from templates, with the status and headers of the form that was posted, where one was."""

from typing import Any

from flask import Response, make_response, render_template

from app.web.forms import Form


def render(template: str, posted: Form | None = None, **context: Any) -> Response:
    """The page; 200 unless the posted form says otherwise."""
    response = make_response(render_template(template, **context))
    if posted:
        response.status_code = posted.status
        if posted.retry_after:
            response.headers["Retry-After"] = str(posted.retry_after)
    return response
