"""Golik, Doetsch, Ney: Cross-Entropy vs. Squared Error Training (Interspeech 2013), reproduced with controls."""
