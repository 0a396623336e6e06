#!/bin/sh
# The whole of it: review file (or nsmc's raw folder) in, model folder out. Resumable: finished steps are skipped.
#
#     training/run.sh DATA OUT [MINUTES [PART]]
#     training/run.sh path/to/naver_reviews.tsv.xz app/sentiment/bundled          # about four hours
#     training/run.sh path/to/naver_reviews.tsv.xz training/work/trial 1 0.02     # try it on 2 % of the data
#
# PYTHON picks the interpreter, WORK the work folder.
set -eu
data=$1 out=$2 minutes=${3:-92} part=${4:-1} # minutes for convolution and encoder each, a quarter for the latter's second run
here=$(dirname "$0") work=${WORK:-$(dirname "$0")/work} python=${PYTHON:-python}
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-2}" GOMP_SPINCOUNT="${GOMP_SPINCOUNT:-1000}"

step() { # step FILE SCRIPT ARGUMENTS...: runs a script unless its result is there
    result=$1 script=$2
    shift 2
    [ -e "$result" ] || { echo "== $script" && "$python" "$here/$script" "$@"; }
}

step "$work/train.tsv" prepare.py "$data" --work "$work" --part "$part"
step "$work/teacher_train.npy" teacher.py --work "$work"
step "$work/tokenizer/tokenizer.json" tokenizer.py --work "$work"
step "$work/ngrams_train.npy" ngrams.py --work "$work"
step "$work/embeddings.npy" embeddings.py --work "$work"
step "$work/run/final/config.json" train.py --work "$work" --minutes $((minutes - minutes / 4)) \
    --embeddings "$work/embeddings.npy"
step "$work/tuned/final/config.json" train.py --work "$work" --name tuned --minutes $((minutes / 4)) \
    --start "$work/run/final" --rate 6e-4 --mask 0.15 --dropout 0.1 --binary 2 --teacher 0.4
step "$work/convolution/convolution.safetensors" convolution.py --work "$work" --minutes "$minutes"
"$python" "$here/export.py" "$out" --work "$work"
"$python" "$here/evaluate.py" "$out" "$work/heldout.tsv" --out "$out"
"$python" "$here/evaluate.py" "$out" "$work/movies.tsv" --out "$out"
"$python" "$here/evaluate.py" "$out" "$work/heldout.tsv" --out "$out" --speed
"$python" "$here/behaviour.py" "$out" --out "$out"
"$python" "$here/card.py" "$out" --work "$work"
