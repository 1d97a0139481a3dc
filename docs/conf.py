"""Sphinx's configuration: Markdown pages, strict links and anchors, a theme that loads nothing from the network."""

project = "stackproof"
author = "The stackproof authors"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["examples"]

myst_heading_anchors = 4
nitpicky = True

html_theme = "furo"
html_title = "stackproof"
html_show_sphinx = False
html_copy_source = False
