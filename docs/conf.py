"""How `./run docs` builds the pages of this folder into a site."""

import ipdma

project = "ipdma"
author = "The ipdma developers"
copyright = author
release = version = ipdma.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.doctest", "numpydoc"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {
    "description": "Individual-participant-data meta-analysis of trials",
    "page_width": "70rem",
    "fixed_sidebar": True,
}
html_show_sphinx = False
html_last_updated_fmt = None
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

OUTSIDE = {
    "config/README.md": "plan-keys.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "README.md": "index.md",
}


def stay_inside(app, page, source):
    """Links to pages that lie above this folder lead to their place in the site."""
    up = "../" * page.count("/")
    for path, name in OUTSIDE.items():
        source[0] = source[0].replace(f"]({up}../{path}", f"]({up}{name}")


def setup(app):
    """Connect the hook above."""
    app.connect("source-read", stay_inside)
