"""`make fuzz`: mails that nobody would write, to a reader that must take every one of them."""
