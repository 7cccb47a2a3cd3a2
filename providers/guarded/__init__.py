"""Providers as one principal sees them: what he may not see does not exist, what he may not read is FORBIDDEN."""
