"""The synthetic world: people, motion, images and annotations from code and seeds alone."""
