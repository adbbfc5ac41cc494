"""Who Postrum is towards other services: credentials without secrets, and what the directory's refusals mean."""
