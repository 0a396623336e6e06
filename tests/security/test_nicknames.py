"""Nicknames claimed by a passphrase: others cannot use them, and the right to edit moves with the passphrase."""

import pytest
from flask import Flask

from app.store import Store
from tests.security.conftest import MakeApp
from tests.web.conftest import Visitor, parse_html, text

SECRET = "배추전과 막걸리"
REVIEW = {"author": "밤편지", "content": "최고예요"}


@pytest.fixture
def owner(visitor: Visitor, movie_id: int) -> Visitor:
    """A browser that has claimed 밤편지 with review 1."""
    answer = visitor.post(f"/movie/{movie_id}/review", f"/movie/{movie_id}", **REVIEW, passphrase=SECRET)
    assert answer.status_code == 303
    return visitor


def test_others_cannot_use_a_claimed_nickname(owner: Visitor, stranger: Visitor, movie_id: int, store: Store) -> None:
    path = f"/movie/{movie_id}"
    for author in ("밤편지", " 밤 편지", "밤.편지"):
        page = parse_html(stranger.post(f"{path}/review", path, author=author, content="남의 글"), 422)
        assert "암호로 지키는 닉네임" in text(page.select_one("#author-error"))
        body = {"movie_id": movie_id, "author": author, "content": "남의 글"}
        assert stranger.client.post("/reviews", json=body).status_code == 403
        assert stranger.client.post("/reviews", json={**body, "passphrase": "틀린 암호예요"}).status_code == 403
    mine = stranger.client.post("/reviews", json={**REVIEW, "author": "새벽달", "movie_id": movie_id}).get_json()["id"]
    assert stranger.client.patch(f"/reviews/{mine}", json={"author": "밤편지"}).status_code == 403
    edit = f"/review/{mine}/edit"
    assert stranger.post(edit, edit, author="밤편지", content="고침").status_code == 422
    assert store.totals().review_count == 2
    assert owner.post(f"{path}/review", path, author="밤편지", content="또 하나").status_code == 303


def test_the_passphrase_gives_rights_to_another_browser(owner: Visitor, stranger: Visitor, app: Flask) -> None:
    assert stranger.client.patch("/reviews/1", json={"content": "고침"}).status_code == 401
    answer = stranger.post("/nickname", "/nickname", author="밤편지", passphrase="틀린 암호예요")
    assert "암호가 달라요" in text(parse_html(answer, 422).select_one("#passphrase-error"))
    assert SECRET not in answer.get_data(as_text=True)
    assert stranger.post("/nickname", "/nickname", author="밤편지", passphrase=SECRET).status_code == 303
    assert stranger.client.patch("/reviews/1", json={"content": "고침"}).status_code == 200
    assert owner.client.delete("/reviews/1").status_code == 200


def test_a_nickname_that_others_used_cannot_be_claimed(
    visitor: Visitor, stranger: Visitor, movie_id: int, store: Store
) -> None:
    assert stranger.client.post("/reviews", json={**REVIEW, "movie_id": movie_id}).status_code == 201
    answer = visitor.client.post("/reviews", json={**REVIEW, "movie_id": movie_id, "passphrase": SECRET})
    assert answer.status_code == 403 and "others have written" in answer.get_json()["detail"]
    body = {**REVIEW, "content": "둘", "movie_id": movie_id, "passphrase": SECRET}
    assert stranger.client.post("/reviews", json=body).status_code == 201  # the browser that used the nickname
    assert store.nickname_hash("밤편지") is not None


def test_a_claim_gives_no_right_to_what_others_wrote_before(visitor: Visitor, stranger: Visitor, movie_id: int) -> None:
    body = {**REVIEW, "movie_id": movie_id, "author": "밤 편지"}  # an equivalent spelling
    theirs = visitor.client.post("/reviews", json=body).get_json()["id"]
    claimed = stranger.client.post("/reviews", json={**REVIEW, "movie_id": movie_id, "passphrase": SECRET})
    assert claimed.status_code == 201
    assert stranger.client.delete(f"/reviews/{theirs}").status_code in (401, 403)


@pytest.mark.parametrize("passphrase", ["", "짧음", "x" * 201, "1234567"])
def test_short_and_long_passphrases_are_refused(visitor: Visitor, movie_id: int, store: Store, passphrase: str) -> None:
    answer = visitor.client.post("/reviews", json={**REVIEW, "movie_id": movie_id, "passphrase": passphrase})
    assert answer.status_code == (201 if not passphrase else 422 if len(passphrase) > 200 else 403)
    assert store.nickname_hash("밤편지") is None
    assert visitor.post("/nickname", "/nickname", author="밤편지", passphrase=passphrase).status_code == 422


def test_passphrases_are_stored_hashed_and_not_shown(owner: Visitor, store: Store, movie_id: int) -> None:
    assert SECRET not in str(store.nickname_hash("밤편지"))
    assert str(store.nickname_hash("밤편지")).startswith("scrypt:")
    for path in ("/", f"/movie/{movie_id}", "/nickname"):
        assert SECRET not in owner.client.get(path).get_data(as_text=True)


def test_passphrase_guessing_is_limited(make_app: MakeApp, movie_id: int) -> None:
    app = make_app(limit_logins="3 per hour")
    client = app.test_client()
    body = {**REVIEW, "movie_id": movie_id}
    assert client.post("/reviews", json={**body, "passphrase": SECRET}).status_code == 201
    guesser = app.test_client()
    answers = [
        guesser.post("/reviews", json={**body, "content": f"{number}", "passphrase": f"틀린 암호 {number}"}).status_code
        for number in range(5)
    ]
    assert answers[0] == 403 and answers[-1] == 429
