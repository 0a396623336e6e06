"""Write the model folder: the network in ONNX with its n-grams in eight bits, the vocabulary, and the calibration.

    python training/export.py app/sentiment/bundled

Run time: a minute. The calibration is fitted on dev. For reviews in their natural mix, three in four of which are
positive, the best threshold of the log-odds is 0; for a half-half mix it is `half`, which is higher. The exported
threshold is --between times `half`. The printed table compares several values on dev.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import torch
from common import parser, read_rows, read_vocabulary
from evaluate import calibration_error
from network import Network, QuantizedNetwork
from train import best_accuracy

from app.sentiment.bundled_model import VOCABULARY, BundledModel, load_bundled_model
from app.sentiment.config import NETWORK
from app.sentiment.normalization import normalize

BETWEEN = 0.3
TEMPERATURES = np.linspace(0.6, 1.8, 61)


def write_network(state: dict[str, torch.Tensor], sizes: list[int], file: Path, ngrams: int) -> None:
    """Write the network with these weights, and convolutions of these sizes, to an ONNX file."""
    count, dim = state["ngrams.weight"].shape
    if count != ngrams + 1:
        raise SystemExit(f"the network has {count - 1:,} n-grams, the vocabulary {ngrams:,}")
    network = Network(count, dim, state["layers.0.convolution.bias"].shape[0] // 2, sizes)
    network.load_state_dict(state)
    exported = QuantizedNetwork(network).eval()
    example = (torch.ones(2, 7, 5, dtype=torch.int32), torch.ones(2, 7, 3, dtype=torch.int32), torch.ones(2, 7))
    names = ["ngrams", "jamo", "mask"]
    any_size = {0: torch.export.Dim("rows"), 1: torch.export.Dim("characters")}
    program = torch.onnx.export(
        exported,
        example,
        dynamo=True,
        input_names=names,
        output_names=["log_odds"],
        dynamic_shapes=dict.fromkeys(names, any_size),
    )
    program.model.metadata_props["ngrams"] = str(ngrams)
    program.save(file, include_initializers=True)


def read_odds(model: BundledModel, texts: list[str]) -> np.ndarray:
    return np.concatenate([model.log_odds(texts[at : at + 256]) for at in range(0, len(texts), 256)])


def temperature(odds: np.ndarray, positive: np.ndarray) -> float:
    """Return the temperature with the lowest log loss."""
    sign = np.where(positive, 1, -1)
    losses = [np.logaddexp(0, -sign * odds / value).mean() for value in TEMPERATURES]
    return float(TEMPERATURES[np.argmin(losses)])


def main() -> None:
    args = parser(__doc__)
    args.add_argument("out", type=Path)
    args.add_argument("--name", default="network")
    args.add_argument("--between", type=float, default=BETWEEN)
    args = args.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    options = json.loads((args.work / f"{args.name}.json").read_text())
    weights = {name: tensor.float() for name, tensor in torch.load(args.work / f"{args.name}.pt").items()}
    write_network(weights, options["sizes"], args.out / NETWORK, len(read_vocabulary(args.work)))
    shutil.copy(args.work / VOCABULARY, args.out / VOCABULARY)
    config = {"sentiment": {"threshold": 0.5, "temperature": 1.0}}
    config["training"] = options
    (args.out / "config.json").write_text(json.dumps(config), "utf-8")

    rows = read_rows(args.work / "dev.tsv")
    stars = np.array([row.stars for row in rows])
    odds = read_odds(load_bundled_model(args.out), [normalize(row.review) for row in rows])
    polar = (stars <= 4) | (stars >= 9)
    accuracy, half = best_accuracy(odds, stars)
    print(f"dev: best half-half accuracy {accuracy:.4f} from log-odds of {half:.2f}")
    print("between  threshold  temperature  half-half  natural mix  ECE")
    for between in sorted({0.0, 0.1, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0, args.between}):
        moved = odds - between * half
        heat = temperature(moved[polar], stars[polar] >= 9)
        p = 1 / (1 + np.exp(-moved / heat))
        right = (p >= 0.5) == (stars >= 9)
        halves = (right[stars >= 9].mean() + right[stars <= 4].mean()) / 2
        error = calibration_error(p, stars)[0]
        print(
            f"{between:7.2f}  {between * half:9.2f}  {heat:11.2f}"
            f"  {halves:9.4f}  {right[polar].mean():11.4f}  {error:.4f}"
        )
        if between == args.between:
            threshold = 1 / (1 + np.exp(-between * half))
            config["sentiment"] = {"threshold": round(float(threshold), 4), "temperature": round(heat, 4)}
    (args.out / "config.json").write_text(json.dumps(config, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
