"""The design that the site replaces, as people write it: FastAPI, lists in memory, and a `transformers.pipeline` called
in each request. The model is the bundled one's encoder, without the n-grams beside it: half the site's reading.

`python -m benchmarks.baseline` serves it on PORT. Endpoints are plain functions, so FastAPI runs them in its threads.
"""

import os
from datetime import UTC, datetime
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

from app.sentiment import BUNDLED


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
model: Any = AutoModelForSequenceClassification.from_pretrained(BUNDLED, dtype="float32").eval()
classify: Any = pipeline("text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(BUNDLED))


@app.get("/movies", response_model=list[Movie])
def list_movies() -> list[Movie]:
    return movies


@app.post("/movies", response_model=Movie, status_code=201)
def add_movie(movie: MovieIn) -> Movie:
    added = Movie(**movie.model_dump(), id=len(movies) + 1)
    movies.append(added)
    return added


@app.post("/reviews", response_model=Review, status_code=201)
def add_review(review: ReviewIn) -> Review:
    if not any(movie.id == review.movie_id for movie in movies):
        raise HTTPException(404, "movie not found")
    (found,) = classify([review.content], truncation=True)
    added = Review(
        **review.model_dump(),
        id=len(reviews) + 1,
        sentiment_label="긍정" if int(found["label"]) > 5 else "부정",
        sentiment_score=found["score"],
        created_at=datetime.now(UTC).isoformat(),
    )
    reviews.append(added)
    return added


@app.get("/reviews/{movie_id}", response_model=list[Review])
def list_reviews(movie_id: int) -> list[Review]:
    return [review for review in reviews if review.movie_id == movie_id]


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["PORT"]), access_log=False)
