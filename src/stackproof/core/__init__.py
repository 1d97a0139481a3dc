"""Holds what every subject uses: errors, JSON, notifications, secret values, files and folders."""
