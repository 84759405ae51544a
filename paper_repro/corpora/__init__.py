"""Corpora of the reproduction: each is a function that returns a Corpus."""
