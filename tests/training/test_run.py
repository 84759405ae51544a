"""Records of a run: chunks, shards, and what decides a result."""

import jax.numpy as jnp
import small
from small import DATA, EPOCHS, LABELS, MEMBERS, X, results

from lossjax.losses import softmax_cross_entropy, softmax_squared_error
from lossjax.training import records, run
from lossjax.training.members import members
from lossjax.training.models import perceptron
from lossjax.training.population import Examples
from lossjax.training.progress import bar


def test_a_record_says_what_decides_it_and_what_came_out(whole):
    assert len(whole) == len(MEMBERS.seed)
    assert [r["key"]["seed"] for r in whole] == MEMBERS.seed.tolist()
    first = whole[0]["key"]
    assert (first["rate"], first["momentum"], first["scale"], first["epochs"]) == (0.1, 0.5, 0.3, EPOCHS)
    assert all(len(values) == EPOCHS + 1 for r in whole for values in r["history"].values())
    assert all(r["diverged"] is None and len(r["weights"]) == 64 for r in whole)
    assert len({r["weights"] for r in whole}) == len(whole)


def test_chunks_shards_and_blocks_change_no_bit_and_records_concatenate(whole, tmp_path):
    parts = [small.train(tmp_path, part=f"{i}/2", chunk=2, block=3) for i in (1, 2)]
    assert [len(part) for part in parts] == [3, 3]
    joined = tmp_path / "all.jsonl"
    joined.write_bytes(b"".join(path.read_bytes() for path in tmp_path.glob("records-*of2.jsonl")))
    assert results(records.read(joined)) == results(whole)
    assert list((tmp_path / "checkpoints").iterdir()) == []


def test_what_is_finished_is_not_trained_again(whole, tmp_path, monkeypatch):
    some = MEMBERS.take(slice(0, 4))
    small.train(tmp_path, members=some)
    trained = []
    train = run._train
    monkeypatch.setattr(run, "_train", lambda chosen, chunk, s: trained.extend(chunk.keys) or train(chosen, chunk, s))
    steps = []
    assert results(small.train(tmp_path, progress=steps.append)) == results(whole)
    assert [key["seed"] for key in trained] == MEMBERS.seed[4:].tolist()
    assert sum(steps) == len(MEMBERS.seed) * (EPOCHS + 1)
    small.train(tmp_path)
    assert len(trained) == 2


def test_another_loss_batch_or_data_is_another_result(tmp_path):
    task, data = small.task(measure=small.total), DATA
    about = run._about("small", task, data, 3)
    others = [
        run._about("small", small.task(lambda z, t: softmax_cross_entropy(z, t), measure=small.total), data, 3),
        run._about("small", small.task(measure=small.total, batch=5), data, 3),
        run._about("small", task, {**data, "dev": Examples(2 * X[21:], LABELS[21:])}, 3),
        run._about("small", small.task(network=perceptron("small", 3, 5, 2), measure=small.total), data, 3),
    ]
    assert run._about("small", task, data, 3) == about
    assert len({run._text(a) for a in [about, *others]}) == 5
    other_loss = run._about("small", small.task(softmax_squared_error, measure=small.total), data, 3)
    # The first other loss is the same program under another name, and data are no part of a program.
    assert len({a["program"] for a in [about, *others, other_loss]}) == 4


def test_an_array_that_a_loss_closes_over_decides_the_result():
    def weighted(weights):
        return small.task(lambda z, t: softmax_cross_entropy(z, t) * weights[t], measure=small.total)

    programs = [run._about("small", weighted(jnp.array(w)), DATA, 3)["program"] for w in ((1.0, 1.0), (50.0, 1.0))]
    assert programs[0] != programs[1]


def test_the_checkpoints_of_another_job_stay(whole, tmp_path):
    other = tmp_path / "checkpoints" / "1of1-another"
    other.mkdir(parents=True)
    small.train(tmp_path)
    assert [p.name for p in other.parent.iterdir()] == [other.name]


def test_records_of_other_code_are_left_aside(tmp_path):
    said, settings = [], run.Settings(tmp_path, tell=lambda sentence: said.append(sentence))
    here = records.provenance()
    records.append(settings.path, [{"key": {"a": 1}, "environment": here | {"code": "other"}}])
    records.append(settings.path, [{"key": {"a": 2}, "environment": here}])
    assert [r["key"]["a"] for r in run._finished(settings, here).values()] == [2]
    assert said == ["1 records of other code or another environment are left aside"]


def test_a_chunk_fits_the_memory():
    assert run.fitting(small.task()) == 2**30 // (4 * (2 * 26 + 1))


def test_a_record_read_again_is_the_record_that_was_returned(tmp_path):
    """A member that diverges has a history with no number in it."""
    wild = members([0, 1], [0.1, 1e30])
    assert small.train(tmp_path, members=wild) == small.train(tmp_path, members=wild)


def test_a_folder_may_be_given_as_text(tmp_path):
    assert run.Settings(str(tmp_path)).path == run.Settings(tmp_path).path
    options = {"tell": lambda sentence: None, "block": 1}
    about = ("small", small.task(), MEMBERS.take(slice(0, 1)), DATA, 1)
    found = run.run(*about, run.Settings(str(tmp_path), **options))
    assert records.read(tmp_path / "records-1of1.jsonl") == found


def test_the_bar_tells_and_counts():
    with bar("training", 10) as (advance, tell):
        advance(3)
        tell("a sentence")
