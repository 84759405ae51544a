"""Train populations of any size: in chunks that fit the memory, in shards that share the work, resumable, recorded.

A folder holds the records, one JSON line a member and never changed once written, and the checkpoints of the chunk
under way. Finished members are not trained again; a chunk that was interrupted goes on from its newest good checkpoint.
"""

import dataclasses
import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Literal

from . import checkpoint, records
from . import width as widths
from .bad_input import BadInputError, arrays, check_count, check_folder, check_members, check_task, loss_name
from .members import Members, shard
from .population import Examples, Population, Task, advance, population, start

# Weights and optimiser's memory of the members that are trained together.
CHUNK_BYTES = 2**30
# A block of epochs should take about this long: it is what an interruption waits for, and what progress is told by.
BLOCK_SECONDS = 5.0
SAVE_SECONDS = 60.0
# What of the environment a record must share to stand for a result of this one.
SAME = ("code", "versions", "device", "cpu", "flags")


@dataclasses.dataclass(frozen=True)
class Settings:
    """How a population is trained; nothing here changes a member's result (on a CPU not a bit of it, but for a width above 1).

    folder: of records and checkpoints. part: "i/n", the shard of the members to train here. chunk: members that are
    trained together, by default as many as fit 1 GiB. width: of them abreast on a device, by default measured.
    save_seconds: between checkpoints. tell: called with a sentence on what was refused or resumed. progress: called with
    the number of history entries done, summed over members. result: what of a member's histories, lists by name
    of numbers, None for NaN and infinity, its record keeps.
    """

    folder: str | Path
    part: str = "1/1"
    chunk: int | None = None
    width: int | None = None
    block: int = 16
    save_seconds: float = SAVE_SECONDS
    tell: Callable[[str], None] = print
    progress: Callable[[int], None] = lambda entries: None
    result: Callable[[dict[str, list[float | None]]], dict] = lambda history: {"history": history}

    @property
    def path(self) -> Path:
        """The file of the records of this shard; `cat` joins those of all shards."""
        return Path(self.folder) / f"records-{_stem(self)}.jsonl"


def run(
    name: str, task: Task, members: Members, data: Mapping[str, Examples], epochs: int, settings: Settings
) -> list[dict]:
    """The records of this shard's members, trained where they are not there yet.

    name: of the job, in every record's key with what else decides a result. A record holds the key, the histories
    (`epochs + 1` entries each), the epoch in which the member diverged or null, and the SHA-256 of its last weights.

    Raises: BadInputError for data, a task or a folder that cannot be used, and where the disk is full;
    KeyboardInterrupt after Ctrl-C, once the state is saved.
    """
    check_count("epochs", epochs)
    for option in ("chunk", "width", "block"):
        if (given := getattr(settings, option)) is not None:
            check_count(option, given)
    data = {split: Examples(*part) for split, part in arrays(data).items()}
    check_task(task, data)
    check_members(members)
    check_folder(Path(settings.folder))
    members = shard(members, settings.part)
    about = _about(name, task, data, epochs)
    keys = [about | _key(members, i) for i in range(len(members.seed))]
    try:
        return _run(task, members, keys, data, epochs, settings)
    except OSError as error:
        raise BadInputError(f"cannot write into {settings.folder}: {error.strerror or error}") from None


def _run(task, members, keys, data, epochs, settings):
    environment = records.provenance()
    found = _finished(settings, environment)
    missing = np.array([i for i, key in enumerate(keys) if _text(key) not in found], int)
    settings.progress((len(keys) - len(missing)) * (epochs + 1))
    if len(missing):
        width = settings.width or widths.best(task, data, members.take(missing))
        size = min(settings.chunk or fitting(task), len(missing))
        chosen = population(task, data, size, block=min(settings.block, epochs + 1), width=width)
        for first in range(0, len(missing), size):
            places = missing[first : first + size]
            chunk = _Chunk(task, data, members.take(places), [keys[i] for i in places], epochs, environment)
            new = [record | {"environment": environment} for record in _train(chosen, chunk, settings)]
            records.append(settings.path, new)
            found |= {_text(record["key"]): record for record in new}
            shutil.rmtree(_folder(chunk, settings), ignore_errors=True)  # there is none where it did not take long
    return [found[_text(key)] for key in keys]


class _Chunk(NamedTuple):
    task: Task
    data: Mapping[str, Examples]
    members: Members
    keys: list[dict]
    epochs: int
    environment: dict


def _finished(settings, environment):
    """The records by key; those of other code or another environment stay in the file and are left aside."""
    everything = records.read(settings.path)
    same = [r for r in everything if all(r["environment"][name] == environment[name] for name in SAME)]
    if len(same) < len(everything):
        settings.tell(f"{len(everything) - len(same)} records of other code or another environment are left aside")
    return {_text(record["key"]): record for record in same}


def fitting(task: Task) -> int:
    """Members whose weights and optimiser's memory fit 1 GiB."""
    one = jax.tree.leaves(jax.eval_shape(lambda: start(task, _one())))
    return max(1, CHUNK_BYTES // sum(leaf.size * leaf.dtype.itemsize for leaf in one))


def _one():
    return Members(jnp.int32(0), *jnp.ones(3))


def _train(chosen: Population, chunk: _Chunk, settings: Settings) -> list[dict]:
    """One chunk, from where its checkpoint left it."""
    about, folder = _about_chunk(chunk), _folder(chunk, settings)
    state, history, done = _resumed(chosen, chunk, folder, about, settings)
    settings.progress(len(chunk.keys) * done)
    count, saved = 1, time.monotonic()
    with checkpoint.held_interrupts() as asked:
        while done <= chunk.epochs:
            began, count = time.monotonic(), min(count, chosen.block, chunk.epochs + 1 - done)
            state, part = chosen.advance(chunk.members, state, done, count)
            history = {k: np.concatenate([history[k], part[k]], axis=1) if done else part[k] for k in part}
            done += count
            settings.progress(len(chunk.keys) * count)
            if asked.is_set() or time.monotonic() - saved >= settings.save_seconds:
                checkpoint.save(folder, done, {"state": state, "history": history}, about)
                saved = time.monotonic()
            if asked.is_set():
                raise KeyboardInterrupt(f"stopped after {done - 1} of {chunk.epochs} epochs, kept in {folder}")
            # Twice as many epochs as long as they take less than the time of a block.
            rate = count / max(time.monotonic() - began, 1e-6)
            count = max(1, min(2 * count, int(rate * BLOCK_SECONDS)))
    return [_record(key, state, history, i, settings) for i, key in enumerate(chunk.keys)]


def _resumed(chosen, chunk, folder, about, settings):
    """State, history and its length, from the newest good checkpoint or from the start."""
    state = chosen.start(chunk.members)
    one = jax.eval_shape(lambda: start(chunk.task, _one()).params)
    names = jax.eval_shape(chunk.task.measure, one, dict(chunk.data))
    good = checkpoint.restore(folder, {"state": state, "history": names}, about)
    for sentence in good.refused:
        settings.tell(sentence)
    if good.tree is None:
        return state, {}, 0
    settings.tell(f"going on after {good.step - 1} of {chunk.epochs} epochs")
    return good.tree["state"], good.tree["history"], good.step


def _record(key, state, history, i, settings):
    last = jax.tree.map(lambda leaf: np.asarray(leaf)[i], state)
    # None where there is no number, as JSON has it: a record read again is the record that was returned.
    curves = {k: [_number(v) if np.isfinite(v) else None for v in values[i]] for k, values in history.items()}
    diverged = None if last.diverged < 0 else int(last.diverged)
    return {"key": key, "diverged": diverged, "weights": checkpoint.digest(last.params), **settings.result(curves)}


def _about(name, task, data, epochs):
    """What decides a member's result besides the member itself.

    program: a hash of the traced program of one member, so of network, loss, optimiser and measure, whatever their names.
    """
    shapes = jax.eval_shape(lambda: start(task, _one()))
    epoch = jax.ShapeDtypeStruct((1,), np.int32)
    traced = jax.make_jaxpr(lambda *a: advance(task, *a))(dict(data), _one(), shapes, epoch)
    begun = jax.make_jaxpr(lambda member: start(task, member))(_one())
    return {
        "name": name,
        "network": task.network.name,
        "loss": loss_name(task.loss),
        "batch": task.batch,
        "epochs": epochs,
        "data": checkpoint.digest({name: tuple(part) for name, part in data.items()})[:12],
        # Without the addresses of functions, which differ from process to process.
        "program": _short(
            re.sub(r"0x[0-9a-f]+", "", f"{begun}{traced}") + checkpoint.digest(_constants(begun, traced))
        ),
    }


def _constants(*programs):
    """The arrays that programs hold, which their text does not show: closed over, or written into a step."""
    found = []
    for program in programs:
        found += program.consts
        for step in program.jaxpr.eqns:
            found += [v.val for v in step.invars if isinstance(v, Literal)]
            inner = jax.tree.leaves(step.params, is_leaf=lambda p: isinstance(p, ClosedJaxpr))
            found += _constants(*(p for p in inner if isinstance(p, ClosedJaxpr)))
    return found


def _key(members, i):
    return {"seed": int(members.seed[i]), **{k: _number(getattr(members, k)[i]) for k in Members._fields[1:]}}


def _number(value):
    """The shortest decimal that reads back as the same float32."""
    return float(str(value))


def _about_chunk(chunk):
    return {"chunk": [{**key} for key in chunk.keys], **{name: chunk.environment[name] for name in SAME}}


def _folder(chunk, settings):
    """Of the checkpoints of one chunk; other jobs may keep theirs beside it."""
    return Path(settings.folder) / "checkpoints" / f"{_stem(settings)}-{_short(_about_chunk(chunk))}"


def _stem(settings):
    return settings.part.replace("/", "of")


def _short(value):
    return hashlib.sha256(_text(value).encode()).hexdigest()[:12]


def _text(value):
    return json.dumps(value, sort_keys=True)
