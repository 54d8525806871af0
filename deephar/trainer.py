"""Trainers, under the original's module name; they live in `deephar.training.trainer`."""

from deephar.training.trainer import MultiModelTrainer, NonFiniteError, TrainerOnGenerator, use_all_devices

__all__ = ["MultiModelTrainer", "NonFiniteError", "TrainerOnGenerator", "use_all_devices"]
