"""What is written down of requests: a line for each mutation, and for each refusal."""
