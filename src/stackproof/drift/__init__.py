"""The drift audit: declared properties, defaults, children, unmanaged resources, and how much was checked."""
