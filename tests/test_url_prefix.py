"""Links on pages lead to where the site is mounted."""

import re

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize("path", ["/", "/movie/{id}"])
def test_links_lead_to_where_the_site_is_mounted(client: FlaskClient, movie_id: int, path: str) -> None:
    for root in ("", "/movies-of-ours", "/elsewhere", ""):
        answer = client.get(path.format(id=movie_id), environ_overrides={"SCRIPT_NAME": root})
        assert answer.status_code == 200
        links = re.findall(r'(?:href|action)="(/[^"]*)"', answer.text)
        assert any(link.startswith(f"{root}/movie/{movie_id}") for link in links)
        assert all(link.startswith(f"{root}/") for link in links)
        assert not any(link.startswith(("/movies-of-ours/", "/elsewhere/")) for link in links if not root)
