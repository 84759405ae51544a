"""Run as a program: what a user without a type checker may give, each answered by one sentence."""

import sys
import tempfile

import small
from small import DATA, LABELS, MEMBERS, X

from lossjax.data.digits import digits
from lossjax.training.bad_input import BadInputError
from lossjax.training.run import Settings, run

TASK = small.task(measure=small.total)
ROWS = [[1.0], [1.0, 2.0]]
WRONG = {
    "data is a mapping of splits": (TASK, [("train", X)], 1),
    "{'train': d.train, 'dev': d.dev, 'test': d.test}": (TASK, digits(), 1),
    "'train' is a pair of features and targets, got tuple": (TASK, {"train": (X, LABELS, LABELS)}, 1),
    "'train' are no array: rows of different lengths": (TASK, {"train": (ROWS, [0, 1])}, 1),
    "batch is a whole number of at least 1, got 4.5": (small.task(measure=small.total, batch=4.5), DATA, 1),
    "epochs is a whole number of at least 1, got 1.5": (TASK, DATA, 1.5),
}

for sentence, (task, data, epochs) in WRONG.items():
    with tempfile.TemporaryDirectory() as folder:
        try:
            run("mistyped", task, MEMBERS, data, epochs, Settings(folder))
            sys.exit(f"nothing was said: {sentence}")
        except BadInputError as error:
            if sentence not in str(error) or "\n" in str(error):
                sys.exit(f"{error!r} does not say: {sentence}")
