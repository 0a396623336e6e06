"""Write the model card (README.md of the model folder) with the measured numbers.

    python training/card.py app/sentiment/bundled        # metrics.json + behaviour.json + card.md -> README.md

Run time: seconds.
"""

import json
from pathlib import Path

import onnx
from common import parser, read_rows, read_vocabulary

from app.sentiment.bundled_model import MAX_UNSURE, WINDOW
from app.sentiment.config import NETWORK

MARK = {"긍정": "+", "부정": "-"}


def main() -> None:
    args = parser(__doc__)
    args.add_argument("model", type=Path)
    args = args.parse_args()

    def load(name: str) -> dict:
        return json.loads((args.model / name).read_text("utf-8"))

    behaviour, config = load("behaviour.json"), load("config.json")
    weights = onnx.load(args.model / NETWORK).graph.initializer
    kinds = ", ".join(f"{kind} {sum(e['right'] for e in part)} of {len(part)}" for kind, part in behaviour.items())
    failures = "\n".join(
        f"| {e['text']} | {kind} | {e['expected']} | {MARK[e['label']]} | {e['score']:.2f} | {e['rating']:.1f} |"
        for kind, part in behaviour.items()
        for e in part
        if not e["right"]
    )
    card = (Path(__file__).parent / "card.md").read_text("utf-8").format(
        **{name: numbers for name, numbers in load("metrics.json").items() if name != "sha256"},
        parameters=sum(onnx.numpy_helper.to_array(tensor).size for tensor in weights) / 1e6,
        ngrams=len(read_vocabulary(args.model)),
        dim=config["training"]["dim"],
        threshold=config["sentiment"]["threshold"],
        unsure=MAX_UNSURE,
        window=WINDOW,
        train=len(read_rows(args.work / "train.tsv")),
        kinds=kinds,
        failures=failures,
    )  # fmt: skip
    (args.model / "README.md").write_text(card, encoding="utf-8")


if __name__ == "__main__":
    main()
