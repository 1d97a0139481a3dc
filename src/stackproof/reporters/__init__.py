"""Reports to text, JSON and files: pure functions of report values, and one that owns the file."""
