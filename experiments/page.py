"""experiments/README.md: claims, verdicts, figures; from judged records only."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lossjax.training import stats

from .claim import Claim
from .hypothesis import SUPPORTED

_HEAD = """# What a loss does to learning

<!-- Written by `python -m experiments` from the records beside it; changes made by hand are lost. -->

Popular claims about losses, each as a hypothesis that could fail. `python -m experiments` runs them at the quick setting
(handwritten digits and made data), `--full` at the protocol's size (three real data sets), `--only a,g` some of them; an
interrupted run goes on where it was. Records are in `records/`, one file a claim.

The protocol: {pairs} paired seeds (same initial weights and order of examples for every loss), one grid of rates and one
tuning budget for every loss, rates chosen on the dev split with other seeds, diverged runs and those that never arrive
counted as the worst. Intervals cover 95 % over seeds (bootstrap); p is of a sign-flip test, adjusted by Holm over the
parts of a claim; it takes the differences for symmetric, and where runs of one arm alone fail, or a margin is claimed, it
may be too small. P(better) is the chance that a run by the first is better than its twin by the second; where there is a
margin both are of A less the margin. A part is supported or refuted where p <= {level}; *weak* where P(better) is below
3/4 or its interval reaches 1/2. Where no difference is shown, the one that would have been found is that of 80 % power for
this comparison alone. What is measured without pairs has no p: it is supported or refuted where its interval, which is not
adjusted, lies on one side, and else undecided. Intervals are over seeds, at the rates that were chosen and on the one
split of each data set: they do not cover that other tuning seeds might have chosen another rate. Only (d) draws its
examples or splits anew for every seed, and (e) and (f) those of every fit.
The designs of (d), (e), (f) and (h), that is their grids, margins and Adam in (d), were changed after results at the quick
setting had been seen: theirs is evidence to be repeated, not a test that was fixed in advance.
"""


class Section(NamedTuple):
    """What the page says of one claim. first: one of its rows, for setting and environment."""

    claim: Claim
    full: bool
    first: dict
    parts: list[dict]
    verdict: str
    figures: list[tuple[str, Path]]
    notes: list[str]


def text(sections: Sequence[Section]) -> str:
    """The whole page, Markdown."""
    head = _HEAD.format(pairs=stats.PAIRS, level=stats.LEVEL)
    overview = ["| claim | verdict | setting |", "|---|---|---|"]
    overview += [
        f"| [({s.claim.letter}) {s.claim.title}](#{s.claim.letter}) | {_verdict(s)} | {_setting(s)} |" for s in sections
    ]
    return "\n".join([head, *overview, "", *(_section(s) for s in sections)])


def _setting(section):
    return "full" if section.full else "quick"


def _verdict(section):
    if section.verdict != "depends":
        return f"**{section.verdict}**"
    counted = [_held(section.parts, kind, what) for kind, what in (("part", "comparisons"), ("fact", "measurements"))]
    return f"**depends**: {' and '.join(filter(None, counted))} supported"


def _held(parts, kind, what):
    of = [part for part in parts if part["kind"] == kind]
    return f"{sum(part['outcome'] == SUPPORTED for part in of)} of {len(of)} {what}" if of else ""


def _section(section):
    claim, parts = section.claim, section.parts
    lines = [f'<a id="{claim.letter}"></a>', "", f"## ({claim.letter}) {claim.title}", "", claim.hypothesis, ""]
    lines += [f"Verdict ({_setting(section)} setting): {_verdict(section)}."]
    if section.verdict == "depends":
        others = dict.fromkeys(part["outcome"] for part in parts if part["outcome"] != SUPPORTED)
        lines += ["", *(f"- {o}: {'; '.join(p['says'] for p in parts if p['outcome'] == o)}." for o in others)]
    lines += ["", *_compared([part for part in parts if part["kind"] == "part"])]
    lines += ["", *_facts([part for part in parts if part["kind"] == "fact"])]
    lines += [f"\n{note}" for note in section.notes]
    lines += [f"\n![{caption}]({path})\n\n*{caption}*" for caption, path in section.figures]
    return "\n".join([*lines, "", _made(section), ""])


def _compared(parts):
    if not parts:
        return []
    head = [
        "| A against B: A is lower | A | B | A - B | P(A better) | p | failed | outcome |",
        "|---|---|---|---|---|---|---|---|",
    ]
    return head + [_part(part) for part in parts]


def _part(p):
    claimed = f"{p['says']} ({p['names'][0]} against {p['names'][1]}, {p['unit']})"
    if p["margin"]:
        claimed += f", at most {p['margin']:g} higher"
    difference = f"{p['difference']:+.3g} [{p['low']:+.3g}, {p['high']:+.3g}]"
    better = f"{p['better']:.2f} [{p['better_low']:.2f}, {p['better_high']:.2f}]"
    probability = "" if p["p"] is None else f"{p['p']:.2g}"
    cells = [claimed, f"{p['a']:.3g}", f"{p['b']:.3g}", difference, better, probability]
    return f"| {' | '.join([*cells, '{} / {}'.format(*p['failed']), _outcome(p)])} |"


def _outcome(p):
    if p["outcome"] == "no difference shown":
        return f"no difference shown; {p['detectable']:.2g} would have been found"
    return p["outcome"] + ("" if p["clear"] or p["outcome"] == "not enough" else ", weak")


def _facts(facts):
    if not facts:
        return []
    return ["| measured | value | outcome |", "|---|---|---|"] + [_fact(fact) for fact in facts]


def _fact(f):
    value = f"{f['value']:.3g}" + ("" if f["low"] == f["high"] else f" [{f['low']:.3g}, {f['high']:.3g}]")
    return f"| {f['says']} | {value} {f['unit']} | {f['outcome']} |"


def _made(section):
    environment, config = section.first["environment"], section.first["config"]
    took = "" if section.first["seconds"] is None else f" in {section.first['seconds']:.0f} s"
    setting = ", ".join(f"{name} {_short(value)}" for name, value in config.items())
    device = f"{environment['device']} ({environment['cpu']}), jax {environment['versions']['jax']}"
    return f"Made by `python -m experiments{' --full' if section.full else ''} --only {section.claim.letter}`{took} on {device}: {setting}."


def _short(value):
    if isinstance(value, list) and len(value) > 4 and all(isinstance(v, int | float) for v in value):
        return f"{value[0]:g} ... {value[-1]:g} ({len(value)} values)"
    if isinstance(value, list):
        return ", ".join(" ".join(map(_short, v)) if isinstance(v, list) else str(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
