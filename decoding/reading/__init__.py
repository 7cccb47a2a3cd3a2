"""From bytes to a value: of a pickle that is there as a whole, or as it comes."""
