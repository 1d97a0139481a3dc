"""Ways to people who are not looking: a topic, a webhook, the body of an issue."""
