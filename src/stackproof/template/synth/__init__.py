"""From a CDK app to a cloud assembly on disk."""
