"""What pages in a browser may do with the gateway: their own, and those of other sites."""
