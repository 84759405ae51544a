"""The page: what was asked, the claims, the tasks, the theory, what is missing; from evidence alone."""

import json
from collections.abc import Mapping, Sequence

from .. import tables
from . import claims, differs, paper, results, wording
from .document import Block, Bullets, Code, Document, Heading, Link, Paragraph, Picture, Strong, Words, from_rich
from .evidence import Evidence, Row, Task, whole


def page(evidence: Evidence, tasks: Sequence[Task], pictures: Mapping[str, Sequence[Picture]]) -> Document:
    """pictures: those of a task by its name, those of all tasks by "claims", those without recognition by "theory"."""
    blocks: list[Block] = [*_lead(evidence, tasks), *claims.section(tasks), *pictures.get("claims", [])]
    if tasks:
        blocks += differs.section(tasks)
    for task in tasks:
        blocks += results.section(task, pictures.get(task.name, []))
    blocks += _theory(evidence, pictures.get("theory", []))
    return Document(
        "Cross-entropy against squared error: a reproduction", [*blocks, *_missing(tasks), *_made(evidence, tasks)]
    )


def _lead(evidence: Evidence, tasks: Sequence[Task]) -> list[Block]:
    cited: Words = [
        f'{paper.AUTHORS}, "{paper.TITLE}", {paper.WHERE}, ',
        Link(paper.DOI.removeprefix("https://doi.org/"), paper.DOI),
        ", compare networks of hybrid HMM recognisers that are trained by cross-entropy (CE) and by squared error (SE). "
        "This page holds its claims against recognition of "
        f"{wording.listed([task.name for task in tasks]) or 'nothing yet'}. Figures of the paper are marked as published; "
        "all others were measured in the runs whose records this page is made from.",
    ]
    built = [task.name for task in tasks if task.name in paper.BUILT]
    blocks: list[Block] = [Paragraph(cited)]
    if built:
        blocks.append(
            Paragraph(
                f"{_sentence(wording.listed(built))} are built from isolated digits: real digits, made-up sequences."
            )
        )
    short = [task.name for task in tasks if _too_few(task)]
    if short:
        blocks.append(
            Paragraph(
                [
                    Strong("Fewer seeds than the protocol's: "),
                    f"no verdict is given on {wording.listed(short)}. Differences are shown all the same.",
                ]
            )
        )
    return blocks


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _too_few(task: Task) -> bool:
    return any(row["decides"] and row["verdict"] == wording.NOT_ENOUGH for row in task.claims)


def _theory(evidence: Evidence, pictures: Sequence[Picture]) -> list[Block]:
    digits = [row for row in evidence.rows if row["kind"] in ("choice", "comparison")]
    blocks: list[Block] = []
    if whole(evidence.theory):
        blocks += [Heading(2, "Theory"), *_shown(tables.theory(evidence.theory))]
    if {row["kind"] for row in digits} == {"choice", "comparison"}:
        target = digits[0]["config"]["target_error"]
        blocks += [Heading(2, "Isolated digits, without a recogniser"), *_shown(tables.training(digits, target))]
    return [*blocks, *pictures] if blocks else []


def _shown(found) -> list[Block]:
    return [block for table in found for block in from_rich(table)]


def _missing(tasks: Sequence[Task]) -> list[Block]:
    names = {task.name for task in tasks}
    left = [
        "The paper's own corpora, networks and error rates: the corpora are licensed, and the configuration was not found.",
        "Its bounds on the two criteria: not seen. Those that are checked here are textbook inequalities.",
    ]
    absent = [name for name in paper.KIND if name not in names]
    if absent:
        left.append(
            f"No records here of {wording.listed(absent)}: their data were not there, or they were not asked for."
        )
    return [Heading(2, "What is not reproduced"), Bullets([*left, *_elsewhere(tasks)])]


def _elsewhere(tasks: Sequence[Task]) -> list[str]:
    """What was run on other tasks and not on this one."""
    kinds = {task.name: dict.fromkeys(_kind(arm["name"]) for arm in task.arms) for task in tasks}
    every = dict.fromkeys(kind for own in kinds.values() for kind in own)
    left = {name: [kind for kind in every if kind not in own] for name, own in kinds.items()}
    return [f"Run on other tasks here and not on {name}: {', '.join(kinds)}." for name, kinds in left.items() if kinds]


def _kind(arm: str) -> str:
    return "the map of depths and starts" if ", depth " in arm else arm


def _made(evidence: Evidence, tasks: Sequence[Task]) -> list[Block]:
    facts: list[Words] = [*_commands(evidence.jobs)]
    for environment, of in _environments(evidence):
        versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
        where = f"{environment['device']}, {environment['cpu']}, {environment['cores']} cores"
        code = f"commit {environment['commit'] or 'unknown'}, code {environment['code']}"
        facts.append(f"{wording.listed(of)}: on {where}; {versions}; {code}")
    facts += [
        f"{task.name}: {wording.duration(seconds)} of training, summed over networks{_memory(task)}"
        for task in tasks
        if (seconds := sum(part.protocol.get("seconds", 0) for part in task.folds or [task]))
    ]
    return [Heading(2, "How it was made"), Bullets(facts)]


def _memory(task: Task) -> str:
    held = [part.protocol["memory"] for part in task.folds or [task] if "memory" in part.protocol]
    if not held:
        return ""
    return f"; the process that did it had held at most {max(held) / 1024:.2f} GiB of memory by then, what it did before included"


def _commands(jobs: Sequence[Row]) -> list[Words]:
    """Each that was typed, with the time of all its runs; and that of all of them."""
    if not jobs:
        return [[Code("python -m paper_repro"), "; with which options, and how long it took, is not recorded"]]
    took: dict[str, float] = {}
    for job in jobs:
        took[job["command"]] = took.get(job["command"], 0.0) + job["seconds"]
    facts: list[Words] = [
        [Code(command), f", the {jobs[-1]['setting']} setting; it took {wording.duration(seconds)}"]
        for command, seconds in took.items()
    ]
    return facts if len(facts) == 1 else [*facts, f"these commands together: {wording.duration(sum(took.values()))}"]


def _environments(evidence: Evidence) -> list[tuple[Row, list[str]]]:
    """Each that there is, and what was made in it."""
    found: dict[str, tuple[Row, list[str]]] = {}
    parts = [(row["task"] if "task" in row else "isolated digits", row) for row in evidence.rows]
    for what, row in (*parts, *(("theory", row) for row in evidence.theory)):
        environment = row["environment"]
        told = json.dumps([environment[name] for name in ("device", "cpu", "cores", "versions", "commit", "code")])
        _, of = found.setdefault(told, (environment, []))
        if what not in of:
            of.append(what)
    return list(found.values())
