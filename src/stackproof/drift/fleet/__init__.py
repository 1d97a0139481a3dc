"""Audits of many accounts and regions: tasks, their executors, and runs that can be resumed."""
