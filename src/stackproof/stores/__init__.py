"""Where results are kept: the content-addressed store."""
