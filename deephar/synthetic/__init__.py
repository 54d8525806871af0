"""The synthetic world: people, motion, pictures and annotations from code and seeds alone."""
