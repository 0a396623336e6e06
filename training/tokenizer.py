"""The tokenizer: a unigram vocabulary over text without spaces.

    python training/tokenizer.py [--vocab 16000]        # work/train.tsv -> work/tokenizer/

Run time: about 2 minutes on one core.

Reviewers use spaces as they please, so spaces are dropped before anything else: a review reads the same with every
space removed, and no piece of the vocabulary is spent twice (with and without a space before it). Text is brought to
NFC and lower case, and long runs of one letter (ㅋㅋㅋㅋㅋㅋ, !!!!!!) are cut to three.
"""

import json
import random
import re
import time

from common import SEED, parser, read_rows
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WINDOW = 96  # tokens the model reads at once, [CLS] and [SEP] included; fewer than one review in 10,000 has more
REPEATED = "ㅋㅎㅠㅜㅡㄷㅇ.!?~^;♥♡★☆1234567890"


def build(pieces: models.Unigram) -> Tokenizer:
    tokenizer = Tokenizer(pieces)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Lowercase(), normalizers.Replace(Regex(r"\s+"), "")]
        + [normalizers.Replace(Regex(re.escape(letter) + "{4,}"), letter * 3) for letter in REPEATED]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(
        Regex(r"[가-힣]+|[ㄱ-ㅎㅏ-ㅣ]+|[a-z]+|[0-9]+|[^가-힣ㄱ-ㅎㅏ-ㅣa-z0-9]+"), "isolated"
    )
    return tokenizer


def main() -> None:
    args = parser(__doc__)
    args.add_argument("--vocab", type=int, default=16_000)
    args.add_argument("--rows", type=int, default=100_000, help="reviews to learn the pieces from")
    args.add_argument("--words", action="store_true", help="learn pieces inside words only")
    args.add_argument("--out", default="tokenizer")
    args = args.parse_args()
    rng = random.Random(SEED)
    texts = [row.review for row in read_rows(args.work / "train.tsv")]
    sample = rng.sample(texts, min(args.rows, len(texts)))

    tokenizer = build(models.Unigram())
    trainer = trainers.UnigramTrainer(
        vocab_size=args.vocab, special_tokens=SPECIAL, unk_token="[UNK]", max_piece_length=8, n_sub_iterations=2
    )
    started = time.time()
    lines = (word for text in sample for word in text.split()) if args.words else sample
    tokenizer.train_from_iterator(lines, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")],
    )
    folder = args.work / args.out
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL, strict=True))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=WINDOW, **names).save_pretrained(folder)

    lengths = [len(e.ids) for e in tokenizer.encode_batch(texts[:20_000])]
    unknown = sum(e.ids.count(1) for e in tokenizer.encode_batch(texts[:20_000])) / sum(lengths)
    print(f"{tokenizer.get_vocab_size():,} pieces in {time.time() - started:.0f} s")
    print(f"tokens a review: mean {sum(lengths) / len(lengths):.1f}, longest {max(lengths)}; unknown {unknown:.2%}")
    print(" ".join(tokenizer.encode("진짜 재미없지 않다ㅋㅋㅋㅋㅋ 이걸 돈주고 보다니... 별로에요").tokens))
    print(json.dumps({"size_kb": (folder / "tokenizer.json").stat().st_size // 1000}))


if __name__ == "__main__":
    main()
