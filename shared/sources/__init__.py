"""Reading mailboxes: one package for each kind of source, behind the protocol in `base`."""
