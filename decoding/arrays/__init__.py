"""numpy's arrays and torch's tensors."""
