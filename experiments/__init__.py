"""What a loss does to learning: one file a claim, each a hypothesis that could fail."""
