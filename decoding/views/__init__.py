"""What a value shows: its JSON, its text, its table, the name of its type."""
