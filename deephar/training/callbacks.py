"""Callbacks for training with `fit` and with `MultiModelTrainer`."""

import os
import pathlib

import keras

from deephar.utils.io import atomic_path, printnl


class SaveModel(keras.callbacks.Callback):
    """Saves weights after every epoch, or after the best ones only.

    Args:
        filepath: str or Path. Name of the file; `{epoch:03d}` stands for the epoch, counted from 1. A name that Keras
            does not accept (`.hdf5`, none) gets one that it does, `.weights.h5`; models of this package keep `.h5` and
            `.hdf5`, in the layout of Keras 2.1.4.
        model_to_save: keras.Model or None. By default the model that is trained.
        save_best_only: bool. Save only where `callback_to_monitor.best_epoch` is the epoch that just ended.
        callback_to_monitor: Callback or None. It has an attribute `best_epoch`, counted from 1.
        verbose: int. 1 prints a line for every file.
    """

    def __init__(
        self,
        filepath: str | pathlib.Path,
        model_to_save: keras.Model | None = None,
        save_best_only: bool = False,
        callback_to_monitor: keras.callbacks.Callback | None = None,
        verbose: int = 1,
    ) -> None:
        super().__init__()
        if save_best_only and callback_to_monitor is None:
            raise ValueError("`save_best_only` must come with `callback_to_monitor`. Received: None")
        self.filepath = os.fspath(filepath)
        self.model_to_save = model_to_save
        self.save_best_only = save_best_only
        self.callback_to_monitor = callback_to_monitor
        self.verbose = verbose

    @staticmethod
    def accepted_name(filepath: str | pathlib.Path, model: keras.Model) -> str:
        """Return `filepath`, with another ending if the model cannot be saved under this one."""
        filepath = os.fspath(filepath)
        root, suffix = os.path.splitext(filepath)
        if filepath.endswith(".weights.h5") or (suffix in (".h5", ".hdf5") and hasattr(model, "legacy_layout")):
            return filepath
        return (root if suffix in (".h5", ".hdf5", ".keras") else filepath) + ".weights.h5"

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Save the weights after epoch `epoch`, counted from 0."""
        if self.save_best_only and self.best_epoch != epoch + 1:
            return
        model = self.model_to_save if self.model_to_save is not None else self.model
        path = self.accepted_name(self.filepath.format(epoch=epoch + 1), model)
        if self.verbose:
            printnl(f"Saving model @epoch={epoch + 1:05d} to {path}")
        with atomic_path(path) as temporary:
            model.save_weights(temporary)

    @property
    def best_epoch(self) -> float | None:
        """Number of the best epoch, counted from 1, of the callback that is monitored; None without one."""
        return None if self.callback_to_monitor is None else self.callback_to_monitor.best_epoch
