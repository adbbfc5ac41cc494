"""Google: sign-in, consent and tokens for Gmail over IMAP."""
