"""Reviews to post: Korean as people type it, put together from phrases; the same seed gives the same reviews."""

import random


def _phrases(text: str) -> list[str]:
    return [phrase.strip() for line in text.split("\n") for phrase in line.split("|") if phrase.strip()]


OPENINGS = _phrases("""
솔직히 | 진짜 | 와 | 기대 안 했는데 | 기대하고 봤는데 | 친구 추천으로 봤는데
주말에 가족이랑 봤어요 | 두 번째 관람 | 예고편만 보고 갔다가 | 극장에서 혼자 봄
개봉날 봤습니다 | 평점 믿고 봤는데 | 원작을 읽고 봐서 그런지 | 배우 때문에 봤는데
아무 생각 없이 틀었다가 | OTT로 봤는데 | 어제 심야로 보고 옴 | 감독 전작을 좋아해서
""")
MIDDLES = _phrases("""
스토리가 탄탄하고 | 연기가 너무 좋고 | 전개가 너무 느려서 | 중반부터 지루해지고
영상미가 정말 예쁘고 | 음악이 오래 남고 | 개연성이 하나도 없고 | 결말이 허무하고
대사가 하나하나 와닿고 | 웃기려고만 해서 | 캐릭터들이 다 살아있고 | CG가 어설퍼서
긴장감을 끝까지 놓지 않고 | 뻔한 신파라서 | 주인공 감정선이 이해가 안 되고
아역 배우가 다 했고 | 편집이 산만해서 | 소소하지만 따뜻하고 | 반전이 신선하고
러닝타임이 쓸데없이 길고 | 현실적이라 더 아프고 | 액션이 시원시원하고
억지 감동을 강요해서 | 연출이 세련되고
""")
ENDINGS = _phrases("""
정말 재미있게 봤습니다 | 시간 가는 줄 몰랐어요 | 돈이 아까웠다 | 보다가 졸았네요ㅠㅠ
인생 영화 등극!! | 여운이 오래 가네요 | 왜 평점이 높은지 모르겠음
두 번은 안 볼 듯 | 강력 추천합니다 ㅋㅋ | 최악이었다... | 눈물 콧물 다 쏟음
그냥 그랬어요 | 또 보고 싶다 | 기대 이하 | 시간 때우기엔 괜찮음 | 꼭 극장에서 보세요
실망만 하고 나왔다 | 올해 최고의 영화 | 별점 주기도 아깝다 | 엄마랑 보기 좋아요
""")
LONG = 5_000


def make_reviews(count: int, seed: int = 1, long_share: float = 0.0) -> list[str]:
    """`count` different reviews, most of one sentence, one in seven of several: about as long as those on Korean
    movie sites. `long_share` of them have 1,000 to 5,000 characters instead."""
    draw = random.Random(seed)
    reviews: dict[str, None] = {}
    while len(reviews) < count:
        if draw.random() < long_share:
            text = _long(draw, draw.randint(1_000, LONG))
        else:
            text = " ".join(_sentence(draw) for _ in range(draw.randint(2, 5) if draw.random() < 0.14 else 1))
        reviews[text] = None
    return list(reviews)


def make_words(count: int, words: int, seed: int = 1) -> list[str]:
    """`count` different texts of so many words each."""
    draw = random.Random(seed)
    vocabulary = " ".join(OPENINGS + MIDDLES + ENDINGS).split()
    return [" ".join(draw.choices(vocabulary, k=words)) for _ in range(count)]


def make_long_reviews(count: int, seed: int = 1) -> list[str]:
    """`count` reviews as long as the site takes them."""
    draw = random.Random(seed)
    return [_long(draw, LONG) for _ in range(count)]


def _long(draw: random.Random, length: int) -> str:
    text = _sentence(draw)
    while len(text) < length:
        text += " " + _sentence(draw)
    return text[: length - 1] + "."


def _sentence(draw: random.Random) -> str:
    words = [draw.choice(OPENINGS)] if draw.random() < 0.6 else []
    words += draw.sample(MIDDLES, draw.choice((0, 1, 1, 2)))
    text = " ".join([*words, draw.choice(ENDINGS)])
    if draw.random() < 0.15:
        text = text.replace(" ", "")  # many write without spaces
    return text + draw.choice(("", "", ".", "!", "~", " ㅎㅎ", "…", f" {draw.randint(1, 10)}점"))
