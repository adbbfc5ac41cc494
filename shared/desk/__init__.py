"""The desk: documents and number series, and later contacts, tickets and comments."""
