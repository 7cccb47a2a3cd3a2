"""Who asks, by which credential, and what is granted to them: the file of `serve --config`, and what is made of it."""
