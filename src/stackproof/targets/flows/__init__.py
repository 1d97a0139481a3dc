"""Flows of data that really run: in an account, or on an emulator with a real PostgreSQL."""
