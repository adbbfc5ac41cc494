"""What runs the product on one machine: the development host, Azurite, the sample mailbox. Not deployed."""
