"""The modes in which a data set is read."""

TEST_MODE = 0
TRAIN_MODE = 1
VALID_MODE = 2
