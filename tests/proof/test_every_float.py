"""The sweep over every float: the plain loop's statistics to the last count, users' bits, stopping and resuming."""

import os
import signal
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from lossjax.losses import sigmoid_cross_entropy, sigmoid_squared_error, softmax_cross_entropy
from lossjax.proof.every_float import limit, plain_loop, sweep
from lossjax.proof.every_float import sweeping as every_float
from lossjax.proof.every_float.kernel import block, kernel, wide_vectors
from lossjax.proof.every_float.speed_limit import bound
from lossjax.proof.every_float.twins import quantity_of
from lossjax.proof.subject import UsageError

LOSSES = (sigmoid_cross_entropy, sigmoid_squared_error)
QUANTITIES = ("value", "grad", "hess")
WINDOW = max(1 << 17, block())
# The middle of each window: zero and the subnormals, the root of s(z) - 0.25, 1, the false zeros of autodiff, where exp
# is flushed, where it overflows, infinity and NaN.
MIDDLES = [0x00040000, 0xBF8C9F54, 0x3F800000, 0x41851592, 0xC1851592, 0xC2AEAC50, 0x42B17218, 0x7F800000]
assert len(MIDDLES) * WINDOW >= 1 << 20


def window(middle):
    return (middle - WINDOW // 2) // block() * block()


@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize("loss", LOSSES, ids=lambda x: x.label)
def test_same_statistics_as_a_plain_loop(loss, quantity):
    for middle in MIDDLES:
        found = sweep(loss, quantity, 0.25, first=window(middle), count=WINDOW)
        assert found.statistics == plain_loop(loss, quantity, 0.25, window(middle), WINDOW), hex(middle)
        assert found.trusted or found.twin_points == 0


@pytest.mark.slow
@pytest.mark.parametrize("quantity", ["value", "grad"])
@pytest.mark.parametrize("loss", LOSSES, ids=lambda x: x.label)
def test_same_statistics_as_a_plain_loop_on_2_to_the_24(loss, quantity):
    for target, first in ((0.0, 0x3E800000), (1.0, 0x40800000), (0.3, 0xBF000000), (1.0, 0xC2800000)):
        count = 1 << 22
        assert sweep(loss, quantity, target, first=first, count=count).statistics == plain_loop(
            loss, quantity, target, first, count
        )


@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize("loss", LOSSES, ids=lambda x: x.label)
def test_the_sweep_computes_the_bits_that_users_get(loss, quantity):
    """With the plain jitted result as the reference, every error is exactly 0, in any window."""
    f = quantity_of(loss, quantity)
    with jax.enable_x64(True):
        count = 4 * block()

        def plain_result(table, first):
            def look_up(z, t):
                return table[lax.bitcast_convert_type(z.astype(jnp.float32), jnp.uint32) - first[0]].astype(jnp.float64)

            return look_up

        @lambda g: jax.jit(g, compiler_options=wide_vectors())
        def run(table, first, blocks, t):
            return kernel(f, plain_result(table, first), block())(first, blocks, t)

        for middle in MIDDLES[1:-1]:
            z = (np.arange(count, dtype=np.uint32) + np.uint32(window(middle))).view(np.float32)
            with jax.enable_x64(False):
                plain = np.asarray(jax.jit(f)(z, np.full(z.shape, 0.25, np.float32)))
            arguments = (np.array([window(middle)], np.uint32), np.array([4], np.uint32), np.float32(0.25))
            assert run(plain, *arguments)["worst"] == 0, hex(middle)
            # The probe can fail: one ulp in one result is seen.
            nudged = plain.copy()
            nudged[77] = np.nextafter(nudged[77], np.float32(9))
            if abs(nudged[77]) > np.finfo(np.float32).tiny:
                assert run(nudged, *arguments)["worst"] != 0, hex(middle)


def naive_gradient(z, t):
    # As autodiff has it: no digit is left where s rounds to 1. The twin in float64 loses its own further out.
    return jax.nn.sigmoid(z) - t


def test_lost_tails_and_an_unreliable_twin_are_seen():
    first = window(0x41900000)  # z = 18
    broken = sigmoid_cross_entropy.replace(grad=naive_gradient)
    found = sweep(broken, "grad", 1.0, first=first, count=WINDOW)
    assert found.lost == WINDOW
    assert found.max_ulp > 2**23
    assert found.above[4.0] == WINDOW
    assert found.statistics == plain_loop(broken, "grad", 1.0, first, WINDOW)
    assert sweep(sigmoid_cross_entropy, "grad", 1.0, first=first, count=WINDOW).lost == 0
    assert not sweep(broken, "grad", 1.0, first=window(0x42480000), count=1 << 22).trusted  # z = 50


def test_wrong_infinities_and_nans_are_seen():
    # In float32 alone, so that the twin stays right.
    def overflowing(z, t):
        return jnp.log1p(jnp.exp(z)) - z * t if z.dtype == jnp.float32 else sigmoid_cross_entropy.value(z, t)

    first = window(0x43000000)  # z = 128
    broken = sigmoid_cross_entropy.replace(value=overflowing)
    assert sweep(broken, "value", 0.25, first=first, count=WINDOW).wrong_nonfinite == WINDOW
    assert sweep(sigmoid_cross_entropy, "value", 0.25, first=first, count=WINDOW).wrong_nonfinite == 0


class Interrupting:
    """A progress bar during whose second update somebody presses Ctrl-C."""

    def __init__(self):
        self.updates = []

    def add_task(self, title, total, completed):
        return 0

    def update(self, task, completed):
        self.updates.append(completed)
        if len(self.updates) == 2:
            os.kill(os.getpid(), signal.SIGINT)


def test_stops_cleanly_and_resumes_to_the_same_statistics(tmp_path, monkeypatch):
    monkeypatch.setattr(every_float, "_SEGMENT", {jax.default_backend(): WINDOW})
    first, count = window(0x3F800000), 5 * WINDOW
    whole = sweep(sigmoid_cross_entropy, "grad", 0.25, first=first, count=count)
    bar, before = Interrupting(), signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt, match="stopped after"):
        sweep(sigmoid_cross_entropy, "grad", 0.25, first=first, count=count, progress=bar, resume=tmp_path)
    assert bar.updates == [WINDOW, 2 * WINDOW]
    assert signal.getsignal(signal.SIGINT) is before
    (file,) = tmp_path.iterdir()
    assert f'"done": {2 * WINDOW}' in file.read_text()
    bar.updates = [0, 0]
    rest = sweep(sigmoid_cross_entropy, "grad", 0.25, first=first, count=count, progress=bar, resume=tmp_path)
    assert bar.updates[2:] == [3 * WINDOW, 4 * WINDOW, 5 * WINDOW]
    assert rest.statistics == whole.statistics
    assert rest.near_checked == whole.near_checked

    def never(*_):
        raise AssertionError("a finished sweep was repeated")

    monkeypatch.setattr(every_float, "_segment", never)
    again = sweep(sigmoid_cross_entropy, "grad", 0.25, first=first, count=count, resume=tmp_path)
    assert (again.statistics, again.seconds) == (rest.statistics, rest.seconds)


def test_changed_code_does_not_continue_what_other_code_began(tmp_path):
    first = window(0x41900000)
    for loss in (sigmoid_cross_entropy, sigmoid_cross_entropy.replace(grad=naive_gradient)):
        sweep(loss, "grad", 1.0, first=first, count=WINDOW, resume=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_broken_state_is_named(tmp_path):
    first = window(0x41900000)
    sweep(sigmoid_cross_entropy, "grad", 1.0, first=first, count=WINDOW, resume=tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_text(file.read_text()[:20])
    with pytest.raises(UsageError, match=r"remove it to start again"):
        sweep(sigmoid_cross_entropy, "grad", 1.0, first=first, count=WINDOW, resume=tmp_path)


@pytest.mark.parametrize(
    ("loss", "quantity", "target", "extent", "says"),
    [
        (softmax_cross_entropy, "grad", 0.0, {}, "vector of classes"),
        (sigmoid_cross_entropy, "slope", 0.0, {}, "unknown quantity"),
        (sigmoid_cross_entropy, "grad", 2.0, {}, "not a target"),
        (sigmoid_cross_entropy, "grad", float("nan"), {}, "not a target"),
        (sigmoid_cross_entropy, "grad", 0.0, {"count": 1000}, "in blocks of"),
        (sigmoid_cross_entropy, "grad", 0.0, {"first": block()}, "within 0 ... 2"),
    ],
)
def test_what_cannot_be_swept_is_refused(loss, quantity, target, extent, says):
    with pytest.raises(UsageError, match=says):
        sweep(loss, quantity, target, **extent)


def test_fast_math_is_refused(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=true")
    with pytest.raises(UsageError, match="fast math"):
        sweep(sigmoid_cross_entropy, "grad", 0.0, count=block())
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=false")
    assert sweep(sigmoid_cross_entropy, "grad", 0.0, count=block()).points == block()


def test_any_number_of_devices_gives_the_same(tmp_path):
    code = (
        "import jax; jax.config.update('jax_num_cpu_devices', 3)\n"
        "from lossjax.losses import sigmoid_squared_error as loss\n"
        "from lossjax.proof.every_float import sweep\n"
        f"found = sweep(loss, 'grad', 0.25, first={window(0x3F800000)}, count={WINDOW})\n"
        "print(found.devices, found.statistics)"
    )
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    if jax.default_backend() == "cpu":
        here = sweep(sigmoid_squared_error, "grad", 0.25, first=window(0x3F800000), count=WINDOW)
        assert done.stdout.strip() == f"3 {here.statistics}"


def test_the_limit_is_measured_and_above_what_a_sweep_reaches():
    rates = limit(0.05)
    assert set(rates) == {"exp64", "div64", "exp32", "div32"}
    assert all(rate > 1e6 for rate in rates.values())
    assert bound(rates) < rates["exp64"]
