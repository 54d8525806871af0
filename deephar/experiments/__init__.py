"""What the scripts of `exp/` and `datasets/` share: options, sources of data, networks by name, validation."""
