"""Scripts that run one policy engine each, also under an interpreter that has no stackproof: they never import it."""
