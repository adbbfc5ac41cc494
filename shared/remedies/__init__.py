"""What the errors of the other side mean, whose task they are, and what to do: one catalogue for pages, API, alerts and logs."""
