"""Rules about test code: tests that cannot fail, or that fail whatever the stack has."""
