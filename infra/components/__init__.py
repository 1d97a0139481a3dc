"""The parts that TapStack is made of, a construct each."""
