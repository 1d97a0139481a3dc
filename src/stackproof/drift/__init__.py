"""The drift audit: declared properties, defaults, children, unmanaged resources, and how much of it was looked at."""
