"""The product: what Postrum does, without the host that runs it."""
