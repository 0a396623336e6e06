"""The design that the site replaces: FastAPI, lists in memory, a model called in each request.

Uses the bundled model. FastAPI runs the endpoints in a thread pool.
`python -m benchmarks.old_design` serves it on PORT.
"""

import os
from datetime import UTC, datetime
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from app.sentiment import BUNDLED
from app.sentiment.bundled_model import load_bundled_model


class MovieIn(BaseModel):
    title: str
    release_date: str = ""
    director: str = ""
    genre: str = ""
    poster_url: str = ""


class Movie(MovieIn):
    id: int


class ReviewIn(BaseModel):
    movie_id: int
    author: str
    content: str


class Review(ReviewIn):
    id: int
    sentiment_label: str
    sentiment_score: float
    created_at: str


app = FastAPI()
movies: list[Movie] = []
reviews: list[Review] = []
model = load_bundled_model(BUNDLED)


@app.get("/movies")
def list_movies() -> list[Movie]:
    return movies


@app.post("/movies", status_code=201)
def add_movie(movie: MovieIn) -> Movie:
    movies.append(Movie(**movie.model_dump(), id=len(movies) + 1))
    return movies[-1]


@app.post("/reviews", status_code=201)
def add_review(review: ReviewIn) -> Review:
    if not any(movie.id == review.movie_id for movie in movies):
        raise HTTPException(404, "movie not found")
    (prediction,) = model.predict([review.content])
    own: dict[str, Any] = {
        "id": len(reviews) + 1,
        "sentiment_label": prediction.sentiment.label,
        "sentiment_score": prediction.sentiment.score,
        "created_at": datetime.now(UTC).isoformat(),
    }
    reviews.append(Review(**review.model_dump(), **own))
    return reviews[-1]


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["PORT"]), access_log=False)
