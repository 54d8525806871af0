"""Settings of the documentation site: `make docs` builds it from the pages of this folder, without a network."""

import inspect

import deephar

project = "deephar"
author = "The deephar authors"
copyright = "the deephar authors, MIT licence"
version = release = deephar.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
highlight_language = "none"  # of blocks that name none: command lines
default_role = "literal"  # docstrings set code in single backticks, as Markdown does

myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the sections of the docstrings say it in words, with shapes and units
autodoc_default_options = {"members": True}
napoleon_numpy_docstring = napoleon_use_rtype = False
napoleon_use_ivar = True

html_theme = "furo"
html_static_path, html_css_files = ["_static"], ["site.css"]
html_title = f"deephar {release}"
html_copy_source = False
html_show_sphinx = False


def code_of_examples(app, what, name, obj, options, lines):
    """Turn an indented example without `>>>` into a block of code: as it stands it would be read as a quotation."""
    for number, line in enumerate(lines):
        following = next((k for k in lines[number + 1 :] if k.strip()), "")
        if line.strip() == "Example:" and following.startswith(" ") and not following.lstrip().startswith(">>>"):
            lines[number] = line.replace("Example:", ".. rubric:: Example\n\n.. code-block:: python\n")
    lines[:] = "\n".join(lines).split("\n")


def properties_as_written(app, what, name, obj, options, lines):
    """Give a property its own words back: napoleon takes those in front of a colon for a type."""
    if what == "property" and obj.__doc__:
        lines[:] = [*inspect.cleandoc(obj.__doc__).splitlines(), ""]


def links_out_of_here(app, docname, source):
    """Make files of links to pages elsewhere in the checkout, and one page of this site of the list of networks."""
    source[0] = source[0].replace("](../weights/README.md)", "](zoo.md)").replace("](../", "](path:../")


def setup(app):
    """Add the hooks; napoleon's has priority 500."""
    app.connect("autodoc-process-docstring", code_of_examples, priority=400)
    app.connect("autodoc-process-docstring", properties_as_written, priority=600)
    app.connect("source-read", links_out_of_here)
