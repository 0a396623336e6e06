"""The comparison as a picture."""

from pathlib import Path

import matplotlib

matplotlib.use("agg")
from matplotlib import pyplot  # noqa: E402 - the line above chooses how it draws

_COLOURS = ("#2f6f4f", "#b8b2a6")


def plot(figures: dict[str, dict[str, float]], file: Path) -> None:
    """Draws, for each thing measured, one bar a side: how many a second, on a logarithmic scale."""
    sides = list(dict.fromkeys(side for rates in figures.values() for side in rates))
    height = 0.8 / len(sides)
    figure, axes = pyplot.subplots(figsize=(8, 0.6 * len(figures) + 1), layout="constrained")
    for index, (side, colour) in enumerate(zip(sides, _COLOURS, strict=False)):
        places = [row + index * height for row in range(len(figures))]
        bars = axes.barh(places, [rates[side] for rates in figures.values()], height, label=side, color=colour)
        axes.bar_label(bars, fmt="{:,.0f}", padding=3, fontsize=8)
    axes.set_yticks([row + height * (len(sides) - 1) / 2 for row in range(len(figures))], list(figures))
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("requests a second")
    axes.margins(x=0.1)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(sides), frameon=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=120)
    pyplot.close(figure)
