"""Where stacks run: accounts of AWS, and emulators of them."""
