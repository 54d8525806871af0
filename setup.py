"""Says which packages deephar has; all other metadata lives in pyproject.toml."""

from setuptools import find_packages, setup

# The folder `weights` of the checkout is installed as `deephar/weights`, so that it is found wherever pip puts it.
setup(
    packages=[*find_packages(include=["deephar", "deephar.*"]), "deephar.weights"],
    package_dir={"deephar.weights": "weights"},
)
