"""Reading a mail: everything a mail can be, safely and in constant memory. Pure: no network, storage, clock, environment."""

from shared.mail.cluster import cluster_key
from shared.mail.leaves import LeafData, LeafEnd, LeafEvent, LeafStart
from shared.mail.limits import Limits
from shared.mail.reader import MailReader, read_mail

__all__ = ["LeafData", "LeafEnd", "LeafEvent", "LeafStart", "Limits", "MailReader", "cluster_key", "read_mail"]
