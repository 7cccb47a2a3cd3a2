"""Where runs are read from: metadata providers and datastores, behind batch methods that return records."""
