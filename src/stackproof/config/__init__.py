"""Settings and policy files as frozen values, with errors that name the path."""
