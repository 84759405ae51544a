"""The hybrid HMM-ANN: networks trained on frame alignments, by many criteria and from many starts; what they recognise."""
