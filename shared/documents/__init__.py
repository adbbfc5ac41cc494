"""Bytes to what document this is: e-invoices, PDF text, document kinds; read in a child process with limits."""
