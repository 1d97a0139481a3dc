"""Templates and cloud assemblies: how they are synthesized, loaded, located in source and resolved."""
