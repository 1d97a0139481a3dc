"""Where resource schemas come from."""
