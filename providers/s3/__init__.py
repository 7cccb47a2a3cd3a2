"""Datastore and metadata provider over S3, and over what speaks its protocol."""
