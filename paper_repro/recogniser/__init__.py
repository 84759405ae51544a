"""The recogniser: HMMs, Viterbi, Gaussian baseline, language model, scores."""
