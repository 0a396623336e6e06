"""Write the model card (README.md of the model folder) from the numbers measured, so that none is typed by hand.

python training/card.py app/sentiment/bundled        # metrics.json + behaviour.json + card.md -> README.md
"""

import json
import sys
from pathlib import Path

from common import parser, read_rows
from safetensors import safe_open

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.sentiment.weights import load_weights

MARK = {"긍정": "+", "부정": "-"}


def main() -> None:
    args = parser(__doc__)
    args.add_argument("model", type=Path)
    args = args.parse_args()

    def load(name: str) -> dict:
        return json.loads((args.model / name).read_text("utf-8"))

    metrics, behaviour, config = load("metrics.json"), load("behaviour.json"), load("config.json")
    parameters = {
        part: sum(tensor.size for tensor in load_weights(args.model / f"{part}.safetensors").values()) / 1e6
        for part in ("model", "convolution")
    }
    with safe_open(args.model / "convolution.safetensors", "np") as weights:
        alphabet = weights.metadata()["alphabet"]
    mixture = config["mixture"]
    with safe_open(args.model / "ngrams.safetensors", "np") as weights:
        ngrams = weights.get_tensor("weights")
    kinds = ", ".join(f"{kind} {sum(e['right'] for e in part)} of {len(part)}" for kind, part in behaviour.items())
    failures = "\n".join(
        f"| {e['text']} | {kind} | {e['expected']} | {MARK[e['label']]} | {e['score']:.2f} | {e['rating']:.1f} |"
        for kind, part in behaviour.items()
        for e in part
        if not e["right"]
    )
    card = (Path(__file__).parent / "card.md").read_text("utf-8").format(
        **metrics,
        layers=config["num_hidden_layers"],
        width=config["hidden_size"],
        parameters=parameters,
        letters=len(alphabet),
        ngrams=len(ngrams),
        rank=ngrams.shape[1],
        weights={**mixture, "ngrams": 1 - mixture["encoder"] - mixture["convolution"]},
        train=len(read_rows(args.work / "train.tsv")),
        kinds=kinds,
        failures=failures,
    )  # fmt: skip
    (args.model / "README.md").write_text(card, encoding="utf-8")


if __name__ == "__main__":
    main()
