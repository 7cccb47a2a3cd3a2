"""Connections: how requests are read off them, what they are held to, and whether a client is still there."""
