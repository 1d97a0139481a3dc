"""Where knowledge of engine versions comes from: each file reads one source and gives a snapshot."""
