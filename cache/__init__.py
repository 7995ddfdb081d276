"""Records remembered for a while, sealed and bound to one citizen."""
