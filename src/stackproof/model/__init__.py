"""Values only: frozen, compared by content, and with nothing of the outside world in them."""
