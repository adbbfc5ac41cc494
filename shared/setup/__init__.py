"""Use cases of connecting a mailbox: from its first form to the first imported mail."""
