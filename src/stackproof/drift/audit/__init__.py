"""The audit of running stacks: declared properties, defaults, children and unmanaged resources."""
