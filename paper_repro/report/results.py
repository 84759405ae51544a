"""What was found on each task: its corpus, its arms, its settings."""

from collections.abc import Sequence

from . import paper, wording
from .document import Block, Bullets, Column, Heading, Paragraph, Picture, Table, Words, stem
from .evidence import Row, Task

# Of the protocol row, in the words of the page; what is not here is not shown there.
SETTINGS = {
    "seeds": "seeds of an arm",
    "fine_seeds": "seeds of a continuation",
    "enough": "seeds for a verdict",
    "enough_fine": "seeds for a verdict on continuations",
    "tuning_seeds": "seeds on which a rate is chosen",
    "depth": "hidden layers",
    "width": "units a layer",
    "batch": "frames a batch",
    "momentum": "momentum",
    "epochs": "epochs",
    "fine_epochs": "epochs of a continuation",
    "pretraining_epochs": "epochs of pre-training a layer",
    "centres": "centres of the grids of rates",
    "factors": "factors around them",
    "fine": "factor of a continuation's grid",
    "keep": "one of so many training utterances is used",
    "gaussian": "passes with one Gaussian, splits, passes after each",
    "models": "language models, the first decides",
    "kappas": "kappa",
    "lm_scales": "scale of the language model",
    "penalties": "word penalty",
    "tuned_on": "seeds on whose dev words these are chosen",
    "alignments": "alignments",
    "probe": "training frames on which error signals are measured, about",
}


def section(task: Task, pictures: Sequence[Picture]) -> list[Block]:
    """Everything of one task."""
    arms = [
        block
        for alignment in task.alignments
        for block in (Heading(3, f"{task.name}: arms, {alignment} alignment"), *_arms(task, alignment))
    ]
    folds = [block for fold in task.folds for block in (Heading(3, fold.name), *_corpus(fold), *_of_fold(fold))]
    return [Heading(2, task.name), *_corpus(task), *arms, *pictures, *folds, *_settings(task)]


def _of_fold(fold: Task) -> list[Block]:
    return [block for alignment in fold.alignments for block in _arms(fold, alignment)]


def _corpus(task: Task) -> list[Block]:
    told, c = [paper.BUILT[task.name]] if task.name in paper.BUILT else [], task.corpus
    facts: list[Words] = []
    if c:
        speakers = {speaker for _, speaker, _ in c["test"]}
        facts += [
            f"{count:,} words and {c['frames'][split]:,} frames to {_USE[split]}" for split, count in c["words"].items()
        ]
        facts += [f"{len(c['test']):,} test utterances of {len(speakers)} speakers or writers", f"{c['states']} states"]
    facts += [
        f"{wording.counted(count, 'utterance')} without a {by} alignment, left out of training and frame errors on it"
        for by, count in task.protocol.get("skipped", {}).items()
        if count and not task.folds
    ]
    if "data" in task.protocol and not task.folds:
        facts.append(f"fingerprint of the corpus as it is used: {task.protocol['data']}")
    if task.folds:
        told.append(
            f"Pooled over {wording.counted(len(task.folds), 'fold')}: every speaker is tested in one of them, by networks "
            "that did not train on that speaker. Word errors and comparisons are over all of them; rates are chosen fold by "
            "fold, and all that were chosen are named."
        )
    return [*map(Paragraph, told), *([Bullets(facts)] if facts else [])]


_USE = {"train": "train", "dev": "tune", "test": "test"}


def _arms(task: Task, alignment: str) -> list[Block]:
    everything = task.on(alignment)
    mapped = [arm for arm in everything if arm["name"].endswith(f"depth {arm['depth']}")]
    name = stem(task.name, alignment)
    baseline = task.baseline if task.baseline and task.baseline["alignment"] == alignment else None
    blocks: list[Block] = [_table([a for a in everything if a not in mapped], task.models, baseline, f"arms-{name}")]
    if mapped:
        blocks.append(_table(mapped, task.models, None, f"depths-{name}"))
    return blocks


def _table(arms: Sequence[Row], models: Sequence[str], baseline: Row | None, name: str) -> Table:
    columns = [
        Column("arm", wrap=True),
        *(Column(t, number=True) for t in ("layers", "rate", "seeds", "diverged")),
        *(Column(t, number=True) for t in ("dev frame error, %", "test frame error, %", "ECE, %")),
        *(Column(f"WER, {model}, %", number=True) for model in models),
        Column("at the edge of its grid", wrap=True),
    ]
    cells: list[list[Words]] = []
    if baseline:
        cells.append([baseline["name"], *[""] * 7, *_rates(baseline, models), _edges(baseline)])
    cells += [
        [
            arm["name"],
            str(arm["depth"]),
            ", ".join(f"{rate:.4g}" for rate in dict.fromkeys(arm["rates"] if "rates" in arm else [arm["rate"]])),
            str(arm["seeds"]),
            str(arm.get("diverged", "")),
            *(wording.percent(arm[name]["mean"]) if name in arm else "" for name in _MEASURED),
            *_rates(arm, models),
            _edges(arm),
        ]
        for arm in arms
    ]
    return Table(columns, cells, _CAPTION, name)


_CAPTION = (
    "Frame errors and ECE (expected calibration error, test frames): means over seeds. WER: over all seeds, with an "
    "interval of 95 % over speakers (writers) and seeds; the weights of the search are tuned on dev words, arm by arm. "
    "Diverged: seeds that ended in NaN or infinity; they stay in. At the edge: the best value that was tried is the least "
    "or greatest one, so that a wider grid might do better."
)


_MEASURED = ("dev_error", "test_error", "test_ece")


def _rates(row, models):
    return [wording.rate(row["wer"][model]) if model in row["wer"] else "-" for model in models]


def _edges(row) -> str:
    found = ["rate"] if row.get("at_edge") else []
    names = {"lm_scale": "LM scale"}
    found += [f"{names.get(knob, knob)} ({model})" for model, wer in row["wer"].items() for knob in wer["edges"]]
    return ", ".join(found)


def _settings(task: Task) -> list[Block]:
    known: list[list[Words]] = [
        [words, wording.number(task.protocol[name])] for name, words in SETTINGS.items() if name in task.protocol
    ]
    columns = [Column("setting", wrap=True), Column("value", wrap=True)]
    return [Heading(3, f"{task.name}: settings"), Table(columns, known)] if known else []
