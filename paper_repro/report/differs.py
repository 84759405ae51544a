"""What was not found of the paper, and what stands in its place here: every line is a choice of ours."""

from collections.abc import Sequence

from . import wording
from .document import Block, Column, Heading, Paragraph, Table
from .evidence import Row, Task, by_task

# As the readers of the corpora make them; of a folder of somebody's own they are as they come.
_CEPSTRA = "13 cepstra every 10 ms with slopes and slopes of these, 39 in all, normalised over the utterance"
_LOG_MEL = "20 log-mel energies every 15 ms, normalised over the string"
_FEATURES = {
    "AN4": _CEPSTRA,
    "AN4 by folds": _CEPSTRA,
    "digit strings": _LOG_MEL,
    "digit strings by speaker": _LOG_MEL,
    "digit lines": "columns of 10 pixels",
    "MNIST lines": "columns of 28 pixels",
}


def section(tasks: Sequence[Task]) -> list[Block]:
    """The table; settings are those of the records."""
    return [
        Heading(2, "What differs, and why"),
        Paragraph(
            "The full text of the paper was not available: its abstract, its Equations 11 and 12 and its conclusion are "
            "what these results are held to. Nothing in the list below was found, so every entry on the right is a "
            "choice of ours, and a different outcome here may be due to any of them. What is reproduced are the claims, "
            "not the figures."
        ),
        Table(
            [Column("of the paper, not found"), Column("our choice", wrap=True)],
            [[what, chosen] for what, chosen in _choices(tasks) if chosen],
        ),
    ]


def _choices(tasks):
    def setting(text):
        return by_task(tasks, lambda task: text(task.protocol) if task.protocol else "")

    def corpus(text):
        return by_task(tasks, lambda task: text(task.corpus) if task.corpus else "")

    return [
        ("the two corpora by name (both licensed)", wording.listed([task.name for task in tasks])),
        ("split into train, dev and test", corpus(_words)),
        ("features", by_task(tasks, lambda task: _FEATURES.get(task.name, ""))),
        ("context", corpus(lambda c: f"{c['context']} frames on each side")),
        ("number of (CART) states", corpus(lambda c: f"{c['states']} states, not tied by context")),
        ("alignment", setting(lambda p: f"by {wording.listed([_aligner(a) for a in p['alignments']])}")),
        ("topology", setting(lambda p: f"{p['depth']} hidden layers of {p['width']} units, unless the arm says else")),
        ("activation", "sigmoid in the hidden layers, softmax at the output unless the arm says else"),
        (
            "definition of CE and SE",
            "mean over frames; SE summed over classes without a factor 1/2, which is what Equation 12 differentiates",
        ),
        ("batch size", setting(lambda p: f"{p['batch']} frames")),
        ("momentum, weight decay", setting(lambda p: f"momentum {p['momentum']:g}, no decay, no dropout")),
        ("learning rates", setting(_rates)),
        (
            "schedule",
            "new-bob (halved where an epoch gains less than 0.5 points of dev frame error), and a constant rate",
        ),
        ("epochs", setting(lambda p: f"{p['epochs']}")),
        (
            "iterations of SE after CE",
            setting(lambda p: f"{wording.counted(p['fine_epochs'], 'epoch')}, as many for the control"),
        ),
        ("what SE goes on from", "CE from a random start, without pre-training"),
        (
            "pre-training",
            setting(
                lambda p: f"{wording.counted(p['pretraining_epochs'], 'epoch')} a layer, at a rate that is not tuned"
            ),
        ),
        (
            "prior of the states",
            "their share of the aligned training frames, raised to kappa, which is tuned, up to 0.6 only where outputs are "
            "clipped estimates of posteriors (linear ones and the hinge's)",
        ),
        ("language model", setting(lambda p: wording.listed(p["models"]))),
        ("decoder", "Viterbi over a loop of the words, without pruning; its weights tuned on dev words, for every arm"),
        ("seeds", setting(lambda p: f"{p['seeds']}, of continuations {p['fine_seeds']}{_in_the_map(p, 'seeds')}")),
    ]


def _words(corpus: Row) -> str:
    return wording.listed([f"{count:,} words {split}" for split, count in corpus["words"].items()])


def _aligner(name):
    return "Gaussian mixtures" if name == "Gaussian" else f"the first network of {name}"


def _rates(protocol):
    factors = protocol["factors"]
    low, high = map(wording.number, (min(factors), max(factors)))
    return (
        f"{len(factors)} for every arm, from {low} to {high} times a centre of the criterion (of continuations a tenth of it); "
        f"chosen by the dev frame error of {wording.counted(protocol['tuning_seeds'], 'seed')}"
        f"{_in_the_map(protocol, 'tuning_seeds')} that the comparison does not use"
    )


def _in_the_map(protocol, which):
    """Of arms with seeds of their own."""
    own = sorted({arm[which] for arm in protocol.get("arms", ()) if arm.get(which)})
    return f" (in the map of depths and starts {wording.listed([str(n) for n in own])})" if own else ""
