"""Test the model on negation, contrast, sarcasm, slang, neutral texts, other languages and nonsense.

    python training/behaviour.py app/sentiment/bundled [--out app/sentiment/bundled]

Run time: seconds. The 400 sentences and their labels (+, -, 0 = neither) are in behaviour.tsv; none is of a pattern in
templates.txt, and none is a review of the train split. A neutral text counts as right when the model is
uncertain (score below 0.7, as on the site). With --out, behaviour.json is written and the count added to
metrics.json.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path

from evaluate import save

from app.models import CONFIDENT_FROM, Label
from app.sentiment import load


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("model", type=Path)
    args.add_argument("--out", type=Path, help="folder for behaviour.json")
    args = args.parse_args()
    lines = (Path(__file__).parent / "behaviour.tsv").read_text("utf-8").splitlines()[1:]
    cases = [line.split("\t") for line in lines]
    analyzer = load(str(args.model), timeout=60)
    try:
        answers = analyzer.analyze([text for _, _, text in cases])
    finally:
        analyzer.close()
    table = defaultdict(list)
    for (kind, expected, text), answer in zip(cases, answers, strict=True):
        sign = "+" if answer.label == Label.POSITIVE else "-"
        right = answer.score < CONFIDENT_FROM if expected == "0" else sign == expected
        table[kind].append(
            {"text": text, "expected": expected, "label": answer.label.value, "score": round(answer.score, 3),
             "rating": round(answer.rating, 1), "right": right}
        )  # fmt: skip
        print(f"{'  ' if right else 'X '}{kind:9} {expected} {sign} {answer.score:.2f} {answer.rating:4.1f}  {text}")
    counts = {kind: sum(entry["right"] for entry in entries) for kind, entries in table.items()}
    for kind, entries in table.items():
        print(f"{kind:9} {counts[kind]} of {len(entries)}")
    result = {"command": "python training/behaviour.py MODEL", "sentences": len(cases), "right": sum(counts.values())}
    save(args.model, args.out, "behaviour", result)
    if args.out:
        (args.out / "behaviour.json").write_text(
            json.dumps(table, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
