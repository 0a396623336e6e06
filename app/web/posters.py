"""Posters generated from the title, for movies without a picture.

A poster is a tone (colours in static/style.css) and a few SVG paths in a view box of 200 x 300.
"""

import math
import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import blake2b
from pathlib import Path
from random import Random

from flask import current_app
from markupsafe import Markup
from resvg_py import svg_to_bytes

TONES = 16
"""Number of tones, `.tone-0`, `.tone-1`, ... in static/style.css."""
_WIDTH, _HEIGHT = 200, 300
_SALT = b"16581"
"""Salt of the title's hash."""

Shape = tuple[int, str]
"""Number of the colour (class `poster-color-1`, `poster-color-2` or `poster-color-3`) and the path."""


@dataclass(frozen=True, slots=True)
class Poster:
    """A generated poster; `size` is the title's font size: `l`, `m`, `s` or `xs`."""

    tone: int
    size: str
    paths: Markup


@lru_cache(maxsize=4096)
def poster_for(title: str) -> Poster:
    """Return the poster for a title, the same on every machine; case, outer spaces and the Unicode form are ignored."""
    folded = unicodedata.normalize("NFC", title).casefold().strip()
    seed = int.from_bytes(blake2b(folded.encode(), digest_size=8, person=_SALT).digest(), "big")
    rng = _SeededRandom(seed)
    tone = rng.below(TONES)
    motif = _MOTIFS[rng.below(len(_MOTIFS))]
    paths = "".join(f'<path class="poster-color-{color}" d="{path}"/>' for color, path in motif(rng))
    return Poster(tone, _title_size(title), Markup(paths))  # noqa: S704  # numbers only; nothing of the title


@lru_cache(maxsize=256)
def png(title: str) -> bytes:
    """Render the poster as a PNG of 400 x 600 pixels, without the title: servers have no Korean fonts."""
    poster = poster_for(title)
    colors = tone_colors()[poster.tone]
    fills = "".join(f".poster-color-{number} {{ fill: {colors[name]} }}" for number, name in enumerate("abc", 1))
    stops = f'<stop stop-color="{colors["sky"]}"/><stop offset="1" stop-color="{colors["ground"]}"/>'
    return svg_to_bytes(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 300">'
        f'<defs><linearGradient id="sky" x2="0.1" y2="1">{stops}</linearGradient></defs>'
        f'<rect width="200" height="300" fill="url(#sky)"/>{poster.paths}</svg>',
        style_sheet=fills,
        width=2 * _WIDTH,
        height=2 * _HEIGHT,
        skip_system_fonts=True,
    )


@cache
def tone_colors() -> list[dict[str, str]]:
    """Return the colours of each tone by the names of its custom properties in the stylesheet."""
    css = Path(current_app.root_path, "..", "static", "style.css").read_text("utf-8")
    return [dict(re.findall(r"--(\w+): (#\w+);", rule)) for rule in re.findall(r"^\.tone-\d+ \{(.*)\}$", css, re.M)]


def _title_size(title: str) -> str:
    longest = max(map(len, title.split()), default=0)
    for size, max_length, word in (("l", 8, 4), ("m", 16, 6), ("s", 40, 10)):
        if len(title) <= max_length and longest <= word:
            return size
    return "xs"


class _SeededRandom(Random):
    """Random numbers from a seed; only `Random.random` is guaranteed to be the same in all Python versions."""

    def below(self, stop: int) -> int:
        return int(self.random() * stop)

    def between(self, low: float, high: float) -> int:
        return round(low + self.random() * (high - low))


def _circle(x: float, y: float, r: float) -> str:
    x, y, r = round(x), round(y), round(r, 1)
    return f"M{x - r:g} {y}a{r:g} {r:g} 0 1 0 {2 * r:g} 0a{r:g} {r:g} 0 1 0 {-2 * r:g} 0z"


def _wave(y: float, height: float, lengths: float, phase: float) -> str:
    """Return the area below a sine curve."""
    steps = 10
    points = [
        f"{_WIDTH * i / steps:.0f} {y + height * math.sin(phase + lengths * 2 * math.pi * i / steps):.0f}"
        for i in range(steps + 1)
    ]
    return f"M0 {_HEIGHT}L{'L'.join(points)}L{_WIDTH} {_HEIGHT}z"


def _hill(y: float, peak_x: float, peak_y: float, end: float) -> str:
    return f"M0 {_HEIGHT}V{y:.0f}Q{peak_x:.0f} {peak_y:.0f} {_WIDTH} {end:.0f}V{_HEIGHT}z"


def _sunrise(rng: _SeededRandom) -> list[Shape]:
    return [
        (1, _circle(rng.between(50, 150), rng.between(80, 125), rng.between(30, 52))),
        (2, _hill(rng.between(150, 190), rng.between(40, 160), rng.between(90, 130), rng.between(150, 210))),
        (3, _hill(rng.between(200, 235), rng.between(40, 160), rng.between(150, 190), rng.between(195, 240))),
    ]


def _rings(rng: _SeededRandom) -> list[Shape]:
    x, y, widest = rng.between(50, 150), rng.between(80, 130), rng.between(96, 130)
    colors = (2, 3, 1, 3, 1)
    return [(color, _circle(x, y, widest * (1 - i / 5))) for i, color in enumerate(colors)]


def _sea(rng: _SeededRandom) -> list[Shape]:
    start = rng.between(130, 150)
    waves = [
        (color, _wave(start + 34 * i, rng.between(7, 14), rng.between(1, 2), rng.between(0, 6)))
        for i, color in enumerate((2, 3, 2))
    ]
    return [(1, _circle(rng.between(45, 155), rng.between(70, 110), rng.between(22, 38))), *waves]


def _arches(rng: _SeededRandom) -> list[Shape]:
    x, top = rng.between(80, 120), rng.between(90, 120)
    shapes = []
    for i, color in enumerate((2, 3, 1, 3)):
        r = 84 - 20 * i
        shapes.append((color, f"M{x - r} {_HEIGHT}V{top + 10 * i}a{r} {r} 0 0 1 {2 * r} 0V{_HEIGHT}z"))
    return shapes


def _city(rng: _SeededRandom) -> list[Shape]:
    shapes = [(1, _circle(rng.between(40, 160), rng.between(55, 85), rng.between(20, 34)))]
    for color, low, high in ((2, 100, 165), (3, 160, 220)):
        x, path = 0, f"M0 {_HEIGHT}"
        while x < _WIDTH:
            width = rng.between(22, 46)
            path += f"V{rng.between(low, high)}H{min(x + width, _WIDTH)}"
            x += width
        shapes.append((color, f"{path}V{_HEIGHT}z"))
    return shapes


def _projector(rng: _SeededRandom) -> list[Shape]:
    """Return a beam of light from a corner onto a round screen."""
    left = rng.below(2) == 0
    x, y = (24, 30) if left else (_WIDTH - 24, 30)
    far, radius = rng.between(95, 105), rng.between(56, 72)
    middle = rng.between(150, 180)
    turn = math.atan2(middle - y, far - x) + math.pi / 2
    dx, dy = radius * math.cos(turn), radius * math.sin(turn)
    beam = f"M{x} {y}L{far + dx:.0f} {middle + dy:.0f}L{far - dx:.0f} {middle - dy:.0f}z"
    return [
        (2, beam),
        (1, _circle(far, middle, radius)),
        (3, _circle(far, middle, radius * rng.between(45, 70) / 100)),
        (1, _circle(x, y, 9)),
    ]


def _night(rng: _SeededRandom) -> list[Shape]:
    x, y, r = rng.between(70, 130), rng.between(90, 120), rng.between(38, 52)
    crescent = f"M{x} {y - r}a{r} {r} 0 1 0 {r} {r}a{r * 0.8:.0f} {r * 0.8:.0f} 0 0 1 {-r} {-r}z"
    stars = "".join(
        _circle(rng.between(12, 188), rng.between(14, 190), 1.2 + rng.below(3) / 2) for _ in range(rng.between(14, 22))
    )
    return [
        (2, stars),
        (1, crescent),
        (3, _hill(rng.between(215, 240), rng.between(30, 170), rng.between(165, 200), rng.between(210, 245))),
    ]


def _flower(rng: _SeededRandom) -> list[Shape]:
    x, y, petals = rng.between(80, 120), rng.between(105, 130), 5 + rng.below(4)
    r, start = rng.between(30, 38), rng.between(0, 60) / 60
    angles = [start + 2 * math.pi * i / petals for i in range(petals)]
    ring = [(x + 46 * math.cos(angle), y + 46 * math.sin(angle)) for angle in angles]
    return [
        (2, _circle(x, y, 96)),
        (1, "".join(_circle(px, py, r * 5 / petals + 4) for px, py in ring) + _circle(x, y, 40)),
        (3, _circle(x, y, r * 0.7)),
    ]


def _sunburst(rng: _SeededRandom) -> list[Shape]:
    x, y, rays = rng.between(60, 140), rng.between(95, 130), 9 + rng.below(5)
    turn, reach = 2 * math.pi / rays, 340
    start = rng.between(0, 100) / 100 * turn
    path = ""
    for i in range(rays):
        from_, to = start + i * turn, start + (i + 0.5) * turn
        path += f"M{x} {y}L{x + reach * math.cos(from_):.0f} {y + reach * math.sin(from_):.0f}"
        path += f"L{x + reach * math.cos(to):.0f} {y + reach * math.sin(to):.0f}z"
    radius = rng.between(30, 46)
    return [
        (2, path),
        (3, _circle(x, y, radius + 9)),
        (1, _circle(x, y, radius)),
    ]


_MOTIFS = (_sunrise, _rings, _sea, _arches, _city, _projector, _night, _flower, _sunburst)
