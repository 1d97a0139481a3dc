"""Templates and cloud assemblies as values, from files that may hold anything."""
