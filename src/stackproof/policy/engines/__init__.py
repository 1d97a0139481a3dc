"""Policy engines, each in a worker process of its own."""
