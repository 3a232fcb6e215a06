"""Training sets (freeze, hash, arrays) and exports."""
