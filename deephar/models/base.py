"""`PoseModel`, which all builders return: a functional Keras model with a signature and strict weight files."""

import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import keras

from deephar.checkpoints.loading import load_weights, save_keras3_weights, save_legacy_weights
from deephar.checkpoints.plan import LoadReport
from deephar.models.batches import any_batch, are_arrays, predict_arrays
from deephar.models.recompute import Segments
from deephar.models.signature import Signature


@keras.saving.register_keras_serializable("deephar")
class PoseModel(keras.Model):
    """Functional model that knows what it takes and gives, and reads and writes old and new weight files strictly.

    Made like any functional model, `PoseModel(inputs, outputs, name="SPNet")`; then the builder sets `signature`.

    Attributes:
        signature: `Signature`, saved with the model in `.keras` files; None until it is set.
        legacy_layout: function that gives the order of layers in a file of Keras 2, see `legacy_groups`; or None.
        recompute: bool. Training keeps less of a step in memory and computes it again for the gradient, about a fifth
            slower; the gradient is the same. To be set before the first step. See `deephar.models.recompute`.
    """

    signature: Signature | None = None
    recompute: bool = False
    legacy_layout: Callable[[], Sequence[tuple]] | None = None
    _any_batch = _made_for = None

    @property
    def input(self) -> list[keras.KerasTensor]:
        """The inputs as a list, one alone too: a model made from it takes what a `BatchLoader` gives as it is."""
        return self.inputs

    def call(
        self, inputs: keras.KerasTensor | Sequence[keras.KerasTensor], training: bool | None = None, mask: Any = None
    ) -> keras.KerasTensor | list[keras.KerasTensor]:
        """Run the network; a list of one input, as a `BatchLoader` gives it, is that input."""
        if isinstance(inputs, (list, tuple)) and len(inputs) == 1 and len(self.inputs) == 1:
            inputs = inputs[0] if not isinstance(self._inputs_struct, (list, tuple)) else inputs
        if training and self.recompute:
            return Segments(self)(inputs)
        return super().call(inputs, training=training, mask=mask)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Predict as `keras.Model.predict` does; arrays go to the network without a data pipeline, which is faster."""
        if steps is None and keras.backend.backend() == "tensorflow" and are_arrays(x) and self._runs_here():
            return predict_arrays(self, x, batch_size, verbose, callbacks)
        return super().predict(x, batch_size, verbose, steps, callbacks)

    def predict_on_batch(self, x: Any) -> Any:
        """Predict as `keras.Model.predict_on_batch` does; arrays of every size of batch by one trace of the network."""
        found = self._any_batch_function()(x) if self._runs_as_usual() else None
        return super().predict_on_batch(x) if found is None else found

    def _runs_as_usual(self):
        """Whether TensorFlow runs the network as a graph, without XLA, and the step of a prediction is Keras' own."""
        here = keras.backend.backend() == "tensorflow" and self._runs_here()
        usual = type(self).predict_step is keras.Model.predict_step
        return here and usual and not (self.run_eagerly or self.jit_compile)

    def _any_batch_function(self):
        """`any_batch` of the network, made anew when Keras would make its own anew."""
        self.make_predict_function()
        if self._made_for is not self.predict_function:
            self._any_batch, self._made_for = any_batch(self), self.predict_function
        return self._any_batch

    def _runs_here(self):
        """Whether the network runs on one device, step by step."""
        return self.distribute_strategy.num_replicas_in_sync == 1 and self.steps_per_execution == 1

    def get_config(self) -> dict:
        """Return the functional model's config with the signature as plain values."""
        config = super().get_config()
        return {**config, "signature": self.signature.to_dict()} if self.signature else config

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> "PoseModel":
        """Build a model from what `get_config` gave."""
        config = dict(config)
        stored = config.pop("signature", None)
        model = super().from_config(config, custom_objects)
        model.signature = None if stored is None else Signature.from_dict(stored)
        return model

    def part(self, indices: Sequence[int], name: str | None = None) -> "PoseModel":
        """Return a model of the same class on the same layers that has only some of the outputs, not compiled.

        Args:
            indices: list of int, outputs to keep, in their new order.
            name: str or None for this model's.
        """
        inputs = self.inputs[0] if len(self.inputs) == 1 else self.inputs
        model = type(self)(inputs, [self.outputs[k] for k in indices], name=name or self.name)
        model.signature = self.signature and self.signature.select(indices)
        return model

    def load_weights(
        self,
        filepath: str | pathlib.Path,
        by_name: bool = False,
        skip_mismatch: bool | str | Sequence[str] = False,
        ignore: str | Sequence[str] = (),
        strict: bool | None = None,
        **kwargs: Any,
    ) -> LoadReport | None:
        """Load `.h5` and `.hdf5` in the layout of Keras 2, `.weights.h5` and `.keras` of Keras 3.

        Where layers are left or unused, one line says how many. Arguments, result and errors: `loading.load_weights`.
        """
        if kwargs:
            known = "by_name, skip_mismatch, ignore and strict"
            raise TypeError(f"`load_weights` takes {known}. Received: {', '.join(kwargs)}")
        report = load_weights(self, filepath, by_name, skip_mismatch, ignore, strict)
        if report is not None and not report.complete:
            print(f"{filepath}: {report}")
        return report

    def save_weights(self, filepath: str | pathlib.Path, overwrite: bool = True, **kwargs: Any) -> None:
        """Write `.weights.h5` as Keras 3 does, any other `.h5` or `.hdf5` as Keras 2.1.4 did; whole or not at all."""
        path = pathlib.Path(filepath)
        if path.exists() and not overwrite:
            raise ValueError(f"`filepath` must not exist where `overwrite` is false. Received: {str(path)!r}")
        if path.suffix.lower() in (".h5", ".hdf5") and not path.name.endswith(".weights.h5"):
            save_legacy_weights(self, path)
            return
        if kwargs:
            super().save_weights(filepath, overwrite, **kwargs)
        else:
            save_keras3_weights(self, path)
