"""What went wrong, who can mend it, and how: one catalogue for pages, API, alerts and logs, in five languages.

`catalogue` puts the entries together and tells them in a language; each other noun is one family of entries. `recognise` turns
what the other side said into the code of an entry. Nothing here reaches out, and nothing here raises for bad input.
"""

from shared.remedies.catalogue import known, remedy, told
from shared.remedies.model import Kind, Owner, Reach, Remedy, Severity, Told

__all__ = ["Kind", "Owner", "Reach", "Remedy", "Severity", "Told", "known", "remedy", "told"]
