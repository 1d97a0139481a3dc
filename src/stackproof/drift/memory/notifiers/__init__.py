"""The channels that notify people: a topic, a webhook, the body of an issue."""
