"""CloudFormation of one account and region: stacks, change sets, events, assets."""
