"""Metadata provider and datastore over a folder that Metaflow writes: `.metaflow`, of this or of another machine."""
