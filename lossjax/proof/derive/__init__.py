"""The derivation of a loss on paper, step by step, from its printed formula: `page(losses)` writes it.

reader (JAX to SymPy), cases, tidy, setting (the symbols), derivation, steps, text and latex, points, confirm, against.
"""
