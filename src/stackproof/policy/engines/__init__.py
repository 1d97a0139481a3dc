"""Policy engines, each in a separate worker process."""
