"""What clients may keep of answers, and for how long (RFC 9110 and RFC 9111)."""
