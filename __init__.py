"""A GraphQL gateway over Metaflow's run metadata."""

__version__ = "0.1.0"
