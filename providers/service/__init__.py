"""Runs whose metadata is in Metaflow's metadata service."""
