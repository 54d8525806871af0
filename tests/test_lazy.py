"""After `import deephar` its modules are attributes, at every depth, and nothing was imported for it."""

import importlib
import os
import pathlib
import pkgutil
import subprocess
import sys

import pytest

import deephar

ROOT = pathlib.Path(deephar.__file__).parents[1]
CODE = """
import sys
import deephar
assert not {"keras", "numpy", "PIL", "scipy"} & set(sys.modules)
assert not hasattr(deephar, "nothing") and not hasattr(deephar.models, "nothing") and not hasattr(deephar, "__main__")
assert deephar.utils.pose.pa16j2d.num_joints == 16 and deephar.utils.colors.cnames["red"] == "#FF0000"
assert deephar.config.DataConfig().crop_resolution == (256, 256)
assert deephar.data.datasets.get_clip_frame_index and deephar.data.mpii and "keras" not in sys.modules
for name in '''models.spnet.build models.reception.build models.action.build_merge_model models.common.residual_unit
        models.blocks.conv_block models.split_model layers.softargmax2d layers.softargmax.SoftArgmax2D activations
        losses.pose_regression_loss objectives.elasticnet_loss_on_valid_joints data.BatchLoader data.loader.BatchLoader
        trainer.MultiModelTrainer callbacks.SaveModel measures.pckh utils.draw utils.plot.draw'''.split():
    found = deephar
    for part in name.split("."):
        found = getattr(found, part)
"""


def test_modules_are_attributes_after_the_import_alone(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error::ImportWarning"}
    command = [sys.executable, "-c", CODE]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr[-2000:]


@pytest.mark.parametrize("name", ["deephar", "deephar.data", "deephar.models", "deephar.utils"])
def test_every_module_and_every_listed_name_is_there(name):
    package = importlib.import_module(name)
    modules = [m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")]
    for module in modules:
        assert getattr(package, module) is not None
    assert set(modules) | set(package.__all__) <= set(dir(package))
    assert all(hasattr(package, listed) for listed in package.__all__)


def test_the_star_import_of_old_scripts():
    space = {}
    exec("from deephar.models import *\nfrom deephar.data import *\nfrom deephar.config import *", space)
    assert space["spnet"].build and space["split_model"] and space["BatchLoader"] and space["mpii_sp_dataconf"]


def test_what_is_missing_inside_of_a_module_is_not_hidden(tmp_path, monkeypatch):
    (tmp_path / "halfdone").mkdir()
    (tmp_path / "halfdone" / "__init__.py").write_text(
        "from deephar.lazy import lazy_attributes\n__getattr__, __dir__, __all__ = lazy_attributes(__name__)\n"
    )
    (tmp_path / "halfdone" / "part.py").write_text("import a_package_that_nobody_has\n")
    monkeypatch.syspath_prepend(tmp_path)
    package = importlib.import_module("halfdone")
    assert not hasattr(package, "other") and "part" in dir(package)
    with pytest.raises(ModuleNotFoundError, match="a_package_that_nobody_has"):
        _ = package.part
