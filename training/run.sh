#!/bin/sh
# Make a model folder from a review file or nsmc's raw folder. Steps whose result exists are skipped.
#
#     training/run.sh DATA FIRST OUT [MINUTES [PART]]
#     training/run.sh path/to/naver_reviews.tsv.xz ../first app/sentiment/bundled         # half an hour with a GPU
#     training/run.sh path/to/naver_reviews.tsv.xz ../first training/work/trial 1 0.02    # try it on 2 % of the data
#
# FIRST is a checkout of commit d2def45, whose model is the teacher. PYTHON is the interpreter, WORK the folder of
# intermediate files.
set -eu
data=$1 first=$2 out=$3 minutes=${4:-9.6} part=${5:-1}
here=$(dirname "$0") work=${WORK:-$(dirname "$0")/work} python=${PYTHON:-python}

step() { # step FILE SCRIPT ARGUMENTS...: run a script unless its result FILE exists
    result=$1 script=$2
    shift 2
    [ -e "$result" ] || { echo "== $script" && "$python" "$here/$script" --work "$work" "$@"; }
}

step "$work/train.tsv" prepare.py "$data" --part "$part"
step "$work/varied.tsv" augment.py
step "$work/teacher_movies.npy" teacher.py "$first"
step "$work/templates.npz" features.py
step "$work/labels_train.npy" cross_fit.py --minutes "$(awk "BEGIN { print $minutes / 19 }")"
step "$work/network.pt" train.py --minutes "$minutes" --seed 1
"$python" "$here/export.py" "$out" --work "$work"
"$python" "$here/evaluate.py" "$out" "$work/heldout.tsv" --out "$out"
"$python" "$here/evaluate.py" "$out" "$work/movies.tsv" --out "$out"
"$python" "$here/evaluate.py" "$out" "$work/heldout.tsv" --out "$out" --speed
"$python" "$here/behaviour.py" "$out" --out "$out"
"$python" "$here/card.py" "$out" --work "$work"
