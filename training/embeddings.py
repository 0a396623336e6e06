"""Word embeddings to start from: positive pointwise mutual information of neighbouring pieces, reduced by an SVD.

    python training/embeddings.py [--width 256]     # work/train.tsv + work/tokenizer/ -> work/embeddings.npy

Run time: about 2 minutes on one core.
"""

import numpy as np
from common import SEED, parser, read_rows
from scipy import sparse
from sklearn.utils.extmath import randomized_svd
from train import Tokens
from transformers import AutoTokenizer

WINDOW, SCALE = 4, 0.05


def main() -> None:
    args = parser(__doc__)
    args.add_argument("--width", type=int, default=256)
    args = args.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(args.work / "tokenizer")
    tokens = Tokens(args.work / "tokens_train.npz", tokenizer, [r.review for r in read_rows(args.work / "train.tsv")])
    size, flat = len(tokenizer), tokens.flat.astype(np.int64)
    row_of = np.repeat(np.arange(len(tokens.lengths)), tokens.lengths)
    counts = sparse.csr_matrix((size, size), dtype=np.float32)
    for distance in range(1, WINDOW + 1):
        left, right = flat[:-distance], flat[distance:]
        keep = (row_of[:-distance] == row_of[distance:]) & (left > 4) & (right > 4)
        weights = np.full(keep.sum(), 1 / distance, np.float32)
        counts = counts + sparse.coo_matrix((weights, (left[keep], right[keep])), (size, size)).tocsr()
    counts = (counts + counts.T).tocoo()
    total, single = counts.sum(), np.asarray(counts.sum(0)).ravel()
    context = single**0.75 / (single**0.75).sum()
    information = np.log(np.maximum(counts.data, 1e-9) / (single[counts.row] * context[counts.col]))
    keep = information > 0
    matrix = sparse.csr_matrix((information[keep], (counts.row[keep], counts.col[keep])), (size, size))
    u, s, _ = randomized_svd(matrix, args.width, n_iter=3, random_state=SEED)
    vectors = u * np.sqrt(s)
    rng = np.random.default_rng(SEED)
    vectors = vectors @ np.linalg.qr(rng.normal(size=(args.width, args.width)))[0]  # no axis matters more than another
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = np.where(lengths > 1e-6, vectors / np.maximum(lengths, 1e-6), rng.normal(size=vectors.shape) / 16)
    np.save(args.work / "embeddings.npy", (vectors * SCALE * np.sqrt(args.width)).astype(np.float32))
    print(f"{matrix.nnz:,} pairs, total weight {total:,.0f}")
    for word in ("재미", "별로", "최악", "ㅋㅋㅋ", "감동"):
        i = tokenizer.convert_tokens_to_ids(word)
        print(word, tokenizer.convert_ids_to_tokens(np.argsort(-(vectors @ vectors[i]))[1:9].tolist()))


if __name__ == "__main__":
    main()
