"""From files to templates and cloud assemblies."""
