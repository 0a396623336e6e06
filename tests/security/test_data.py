"""Files in and out are the administrator's."""

import io

import pytest

from tests.security.conftest import BEARER
from tests.web.conftest import Visitor

READS = ["", "/job", "/catalogue.jsonl", "/reviews.csv", "/corrections.tsv"]
WRITES = ["/upload", "/import", "/rescore", "/job/stop"]


@pytest.mark.parametrize("path", READS)
def test_strangers_are_sent_to_the_login(visitor: Visitor, admin: Visitor, path: str) -> None:
    page = visitor.see(f"/admin/data{path}", status=401)
    assert page.select_one('a[href^="/login"]')
    assert admin.client.get(f"/admin/data{path}").status_code == 200
    assert visitor.client.get(f"/admin/data{path}", headers=BEARER).status_code == 200


@pytest.mark.parametrize("path", WRITES)
def test_strangers_start_and_stop_nothing(visitor: Visitor, admin: Visitor, path: str) -> None:
    assert visitor.post(f"/admin/data{path}").status_code == 401
    assert admin.post(f"/admin/data{path}", "/admin/data").status_code in (303, 422)


def test_an_import_is_logged_with_who_did_it(admin: Visitor) -> None:
    file = (io.BytesIO("제목,작성자,내용\n괴물,밤편지,최고\n".encode()), "a.csv")
    assert admin.post("/admin/data/import", "/admin/data", file=file).status_code == 303
