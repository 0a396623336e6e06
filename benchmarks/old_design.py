"""The design that the site replaces: FastAPI, lists in memory, a `transformers.pipeline` called in each request.

The model is a BERT of the first edition's size, 3 layers of 256, with random weights, which cost as much as trained
ones. That design itself had one of 125 million parameters. FastAPI runs the endpoints in a thread pool.
`python -m benchmarks.old_design` serves it on PORT.
"""

import os
from datetime import UTC, datetime
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer, pipeline

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


def load_classifier() -> Any:
    """Return a pipeline with a WordPiece tokenizer of syllables and pairs, about 16 tokens for a short review."""
    ngrams = [ngram for ngram in (BUNDLED / "vocabulary.txt").read_text("utf-8").splitlines() if len(ngram) <= 2]
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *ngrams, *(f"##{ngram}" for ngram in ngrams)]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    config: Any = {
        "vocab_size": len(tokens),
        "num_hidden_layers": 3,
        "hidden_size": 256,
        "num_attention_heads": 4,
        "intermediate_size": 1024,
        "num_labels": 10,
    }
    model: Any = BertForSequenceClassification(BertConfig(**config))
    tokenizer = BertTokenizer(vocabulary, do_lower_case=False, model_max_length=96)
    return pipeline("text-classification", model=model.eval(), tokenizer=tokenizer)


classify = load_classifier()


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
    (found,) = classify([review.content], truncation=True)
    own: dict[str, Any] = {
        "id": len(reviews) + 1,
        "sentiment_label": "긍정" if int(found["label"].removeprefix("LABEL_")) > 4 else "부정",
        "sentiment_score": found["score"],
        "created_at": datetime.now(UTC).isoformat(),
    }
    reviews.append(Review(**review.model_dump(), **own))
    return reviews[-1]


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["PORT"]), access_log=False)
