"""The audit log, and undoing a deletion."""

import pytest
from bs4 import BeautifulSoup

from app.store import Store
from app.web import admin as admin_pages
from tests.security.conftest import BEARER, MakeApp, post_review
from tests.web.conftest import Visitor, text


def undo_of(page: BeautifulSoup) -> str:
    form = page.select_one('form[action^="/undo/"]')
    assert form
    return str(form["action"])


def test_the_log_is_for_the_administrator(visitor: Visitor, admin: Visitor, movie_id: int, store: Store) -> None:
    written = post_review(visitor.client, movie_id, "처음에 <쓴> 글")
    token = store.review(written).writer
    assert visitor.client.patch(f"/reviews/{written}", json={"content": "고친 글"}).status_code == 200
    visitor.post(f"/review/{written}/delete")
    assert visitor.client.get("/admin/log").status_code == 401
    page = admin.get("/admin/log")
    assert text(page.select_one("tbody blockquote")) == "처음에 <쓴> 글"  # the text before the edit
    row = text(page.select_one("tbody tr"))
    assert [word for word in ("리뷰 삭제", "고친 글", "글쓴이", token[:6]) if word not in row] == []
    assert token not in str(page)
    assert visitor.client.get("/admin/log", headers=BEARER).status_code == 200


def test_a_writer_undoes_a_deletion_from_the_message(
    visitor: Visitor, stranger: Visitor, movie_id: int, store: Store
) -> None:
    written = post_review(visitor.client, movie_id, "오래 쓴 글")
    visitor.post(f"/review/{written}/delete")
    action = undo_of(visitor.get(f"/movie/{movie_id}"))
    assert stranger.post(action).status_code == 401
    assert stranger.client.get(action).status_code == 401
    post_review(stranger.client, movie_id)
    assert stranger.post(action).status_code == 403
    answer = visitor.post(action)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/movie/{movie_id}#review-{written}")
    page = visitor.get(f"/movie/{movie_id}")
    assert text(page.select_one(".notice")) == "밤편지 님의 리뷰를 되돌렸어요."
    assert page.select_one(f"#review-{written}.is-new")
    assert store.review(written).content == "오래 쓴 글"
    assert visitor.post(action).status_code == 410


def test_the_undo_offer_survives_a_reload(visitor: Visitor, stranger: Visitor, movie_id: int, store: Store) -> None:
    written = post_review(visitor.client, movie_id, "오래 쓴 글")
    post_review(stranger.client, movie_id)
    address = visitor.post(f"/review/{written}/delete").headers["Location"]
    for _ in range(3):
        page = visitor.get(address)
        assert len(page.select(".notice")) == 1
        action = undo_of(page)
    assert "오래 쓴 글" in text(page.select_one(".notice"))
    assert not stranger.get(address).select(".notice")
    for number in ("0", "99", "9" * 30, "x", "-1", "１", ""):
        assert not visitor.get(f"/movie/{movie_id}?deleted={number}").select(".notice")
    assert visitor.post(action).status_code == 303
    visitor.get("/")
    assert not visitor.get(address).select(".notice")


def test_the_administrator_undoes_a_deletion_from_the_log(admin: Visitor, movie_id: int, store: Store) -> None:
    post_review(admin.client, movie_id)
    admin.post(f"/movie/{movie_id}/delete")
    action = undo_of(admin.get("/admin/log"))
    assert admin.post(action).status_code == 303
    assert store.movie(movie_id).review_count == 1
    assert text(admin.get("/").select_one(".notice")) == "‘리틀 포레스트’ 영화를 되돌렸어요."
    page = admin.get("/admin/log")
    assert not page.select('form[action^="/undo/"]')
    assert "되돌렸어요" in text(page.select_one("table"))


def test_undo_without_a_csrf_token_asks_again(admin: Visitor, movie_id: int, store: Store) -> None:
    admin.post(f"/movie/{movie_id}/delete")
    action = undo_of(admin.get("/admin/log"))
    answer = admin.client.post(action, data={"csrf_token": "forged"})
    assert answer.status_code == 400
    assert action in answer.get_data(as_text=True)
    assert store.totals().movie_count == 0
    assert admin.client.get(action).status_code == 200
    assert store.totals().movie_count == 0


@pytest.mark.parametrize("change", ["0", "999", "9" * 19])
def test_unknown_changes_are_not_found(admin: Visitor, visitor: Visitor, change: str) -> None:
    assert admin.client.get(f"/undo/{change}").status_code == 404
    assert admin.post(f"/undo/{change}").status_code == 404
    assert visitor.client.get(f"/undo/{change}").status_code == 401


def test_undo_conflicts_with_a_movie_added_again(admin: Visitor, movie_id: int, store: Store) -> None:
    admin.post(f"/movie/{movie_id}/delete")
    action = undo_of(admin.get("/admin/log"))
    admin.post("/movie", title="리틀 포레스트")
    assert admin.post(action).status_code == 409
    assert store.totals().movie_count == 1


def test_open_mode_undoes(make_app: MakeApp) -> None:
    visitor = Visitor(make_app(admin_password="").test_client())
    visitor.post("/movie", title="괴물")
    visitor.post("/movie/1/delete")
    assert visitor.post(undo_of(visitor.get("/"))).status_code == 303
    assert "열린 모드" in text(visitor.get("/admin/log").select_one("table"))


def test_the_log_has_pages(admin: Visitor, movie_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_pages, "CHANGES_A_PAGE", 2)
    for number in range(5):
        admin.client.delete(f"/reviews/{post_review(admin.client, movie_id, str(number))}")
    assert len(admin.get("/admin/log?page=3").select("tbody tr")) == 1
    for page in ("0", "-1", "x", "9" * 30, ""):
        assert admin.client.get("/admin/log", query_string={"page": page}).status_code == 200
    assert admin.get("/admin/log").select_one('a[rel="next"]')
