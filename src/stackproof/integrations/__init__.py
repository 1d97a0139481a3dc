"""Engine versions inside other people's tools: a rule for cfn-lint, a check for Checkov."""
