"""Documents that are known before they are asked for: by their hash, or as a list of those that are trusted."""
