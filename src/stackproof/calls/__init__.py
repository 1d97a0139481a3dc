"""Calls to AWS: what a run sent, what each call does, and how fast calls may follow one another."""
