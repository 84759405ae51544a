"""The data sets of the experiments, one function each: its name goes into the records."""

from lossjax.data import mixture
from lossjax.data.dataset import Dataset
from lossjax.data.digits import digits
from lossjax.data.mnist import mnist
from lossjax.data.spoken_digits import spoken_digits

__all__ = ["digits", "hundred_gaussians", "mnist_3000", "mnist_6000", "spoken_digits"]


def mnist_3000() -> Dataset:
    """The first 2,500 / 500 / 500 images of the splits of MNIST."""
    return mnist(examples=3_000)


def mnist_6000() -> Dataset:
    """The first 5,000 / 1,000 / 1,000 images of the splits of MNIST."""
    return mnist(examples=6_000)


def hundred_gaussians() -> Dataset:
    """A hundred classes in twenty dimensions, posterior known."""
    return mixture.dataset(mixture.scattered(100, 20, 7.0), "hundred Gaussians", train=1_000, dev=500, test=1_000)
