"""Emulators of AWS on this machine, and what each is known to lack."""
