"""`python -m paper_repro.benchmark`: how fast the hybrid trains and decodes, side by side in one run.

The network of AN4 in the whole protocol, 429-192-192-102, cross-entropy, batches of 256, momentum 0.9, context
gathered inside the step, on made frames (no time depends on their values):
- on one core, the population trainer against an idiomatic PyTorch loop of the same network and batch;
- on all cores, a population against its members trained one by one;
- on one core, the search over AN4's words (where its folder is not there: digit lines) against the same in plain NumPy,
  on made scores, which must find the same sentences: nothing is pruned, so no time depends on them either.
Every contestant has processes of its own, compiled and warm, and they take turns; figures are medians over the turns,
ratios medians of the ratios turn by turn. The limit is the FLOPs of the matrix products alone over the rate of a large
one, measured in the same turns; of the search none is known, it is given in multiples of real time.
"""

import contextlib
import dataclasses
import json
import os
import statistics
import sys

import tyro

from lossjax import turns

from .contestants import ALL_CORES, ONE_CORE, PEAK, SEARCH, Work, contestants


@dataclasses.dataclass(frozen=True)
class Options:
    """Training and decoding of the hybrid, side by side with others: frames a second."""

    turns: int = 5
    """Turns of every contestant; figures are medians."""
    members: int | None = None
    """Networks of the population on all cores; if not given two a core. Fewer than cores, or no multiple of them, leave some idle."""
    frames: int = 10_240
    """Frames on which each network is trained in a turn."""
    format: str = "text"
    """text, or json: everything that was measured."""


def main(args: list[str] | None = None) -> int:
    """Measure and print; exit code 0, 2 for a request that cannot be carried out."""
    options = tyro.cli(Options, prog="python -m paper_repro.benchmark", args=args)
    members = 2 * len(os.sched_getaffinity(0)) if options.members is None else options.members
    work = Work(members, frames=options.frames)
    if options.turns < 1 or members < 1 or work.steps < 1 or options.format not in ("text", "json"):
        print(
            f"benchmark: turns and members are at least 1, frames at least a batch of {work.batch}, the format is text or json",
            file=sys.stderr,
        )
        return 2
    load = os.getloadavg()[0]
    rows = measure(work, options.turns)
    if options.format == "json":
        from lossjax.environment import environment

        print(json.dumps({"environment": environment(), "load": load, "work": work._asdict(), "rows": rows}, indent=1))
        return 0
    print(
        f"network {'-'.join(map(str, work.widths))}, batch {work.batch}, {work.members} members, {options.turns} turns"
    )
    print(f"load of this computer at the start: {load:.1f} on {os.cpu_count()} cores")
    for row in rows:
        print(_line(row))
    return 0


def _line(row):
    if "absent" in row:
        return f"{row['on']:10} {row['by']:34} left out: {row['absent']}"
    told = f"{row['on']:10} {row['by']:34}{row['frames_per_second']:12,.0f} frames/s"
    if "slower" in row:
        told += f"{row['slower']:7.2f} times the time of {row['than']}"
    if "of_limit" in row:
        told += f"{100 * row['of_limit']:7.1f} % of the limit"
    if "real_time" in row:
        told += f"{row['real_time']:9,.0f} times real time"
    return told + (f"; {row['same']} of {row['utterances']} sentences the same" if "same" in row else "")


def measure(work: Work, count: int) -> list[dict]:
    """A row for each contestant."""
    with contextlib.ExitStack() as stack:
        teams = {name: turns.start(lambda work, m=made: m, work, stack) for name, made in contestants().items()}
        there = {name: team for name, team in teams.items() if team}
        taken = [{name: team() for name, team in there.items()} for _ in range(count)]
    rows = [
        row
        for on in (ONE_CORE, ALL_CORES)
        for row in _training(work, on, [n for n in teams if n[0] == on and n[1] != SEARCH], taken)
    ]
    return [*rows, *_search([turn[ONE_CORE, SEARCH] for turn in taken])]


def _training(work, on, names, taken):
    """The first of them is what the others are compared with."""
    limit = statistics.median(turn[on, PEAK] for turn in taken) / work.flops
    frames, first = (work.few if on == ONE_CORE else work.members) * work.steps * work.batch, names[0]
    for name in names:
        about = {"on": on, "by": name[1]}
        if name[1] == PEAK:
            yield {**about, "frames_per_second": limit}
        elif name not in taken[0]:
            yield {**about, "absent": "it is not installed"}
        else:
            rate = frames / statistics.median(turn[name] for turn in taken)
            ratio = statistics.median(turn[name] / turn[first] for turn in taken)
            compared = {} if name == first else {"slower": ratio, "than": first[1]}
            yield {**about, "frames_per_second": rate, "of_limit": rate / limit, **compared}


def _search(taken):
    task, seconds = taken[0][:2]
    speeds = [speed for *_, speed in taken]
    about = {"on": ONE_CORE, "utterances": speeds[0].utterances, "same": min(s.same for s in speeds)}
    for by, rates in (("search", [s.jax_wall for s in speeds]), ("plain NumPy", [s.numpy_wall for s in speeds])):
        row = {**about, "by": f"{by}, {task}", "frames_per_second": statistics.median(rates)}
        if seconds:
            row["real_time"] = row["frames_per_second"] * seconds
        if by != "search":
            row |= {"slower": statistics.median(s.jax_wall / s.numpy_wall for s in speeds), "than": "search"}
        yield row


if __name__ == "__main__":
    sys.exit(main())
