"""Why a mail was not delivered, from what the other side said: one word out of a fixed vocabulary.

The words are those that bounce processing has settled on (`userunknown`, `mailboxfull`, `hostunknown`, …). Evidence is
tried in this order: what the server wrote, the enhanced status code (RFC 3463, RFC 5248, RFC 7372 and the providers'
own), the reply code. A new phrase is one more alternative in `_PHRASES`; the order of the rows decides between two.
"""

from __future__ import annotations

import re

__all__ = ["REASONS", "reason_of", "reason_of_status"]

_PHRASES: tuple[tuple[str, str], ...] = (
    ("spamdetected", r"blacklisted (?:url|link)|\b(?:uri|sur)bl\b"),
    ("syntaxerror", r"malformed address|incorrectly constructed|address syntax"),
    ("expired", r"in the queue too long|not going to try again|retry timeout exceeded|message (?:has )?expired|could not be delivered for|failing for a long time|retry time not reached|did ?n[o']t accept our (?:requests?|connections?)|delivery time expired"),
    ("policyviolation", r"potential(?: security issue|$|\)?$)|content presents a potential|for policy reasons|policy violation"),
    ("badreputation", r"user complaints|unexpected volume|poor reputation"),
    ("rejected", r"permission to post|grupo|google groups|the group you tried|groups?\.google|not a member of"),
    ("requireptr", r"reverse[ -](?:dns|lookup|host)|\bptr\b|\brdns\b|fcrdns|cannot (?:find your (?:reverse )?host ?name|resolve your)"
     r"|mismatches client ip|unresolvable relay host|no valid .{0,20}hostname|ip name lookup failed"
     r"|cannot find your hostname"
     r"|does not (?:have|resolve to) .{0,30}(?:hostname|dns)|must have a dns|your (?:ip"
     r"|server) .{0,40}has no (?:dns|name)|hostname lookup failed"
     r"|not having a valid (?:ptr|fqdn)|client .{0,60}no (?:ptr|hostname)|\[unknown\]: no"),
    ("authfailure", r"\bdmarc\b|\bspf\b|sender policy framework|\bdkim (?:sign|fail|verif|valid)|unauthenticated (?:e-?mail|messages?)"
     r"|not allowed to send from|fails? (?:to pass )?authentication|(?:didn't|not"
     r"|did not) pass(?:ing)? authentication|authentication checks?"
     r"|domain .{0,60}does not (?:allow|permit|designate)|not (?:an )?authori[sz]ed (?:sender"
     r"|to send (?:mail )?(?:from|on behalf))|arc (?:seal|fail)"),
    ("notcompliantrfc", r"multiple addresses in from|rfc ?(?:2?822|5322)(?![;)])|not rfc.{0,10}complian|(?:missing|duplicate|multiple|invalid) (?:from|date|message-id|subject|to) "
     r"?header|from: header.{0,30}(?:missing|invalid)|header (?:is )?missing|missing a valid|bare (?:lf"
     r"|newline|cr)|message-id header|too many from"),
    ("virusdetected", r"\bvirus|infected with|\btrojan|\bmalware|\bworm\b|phishing"),
    ("badreputation", r"(?:low|poor|bad|reputation of|due to .{0,40}) ?reputation|reputation (?:of|score|is|too)|senderscore|sender score|ip reputation"),
    ("norelaying", r"relay(?:ing)? (?:access )?(?:is )?(?:denied|not (?:permitted|allowed|possible)|prohibited|disallowed|forbidden|attempt)"
     r"|not (?:configured |permitted |allowed )?to relay|unable to relay|do(?:es)? not relay"
     r"|cannot relay|can't relay|no relay|open relay|relaying (?:mail|to)|rejected relay"
     r"|unauthori[sz]ed relay|relay not|recipient .{0,60}not a local|not local.{0,20}gateway"
     r"|this is not a relay|mail relay|isn't allowed to be relayed|isn't in my control|not a gateway"
     r"|may not (?:be )?relay|not in (?:my list of )?(?:allowed )?rcpthosts|not permitted to relay"
     r"|refused to relay|insecure mail relay"),
    ("mailboxfull", r"over ?quota|quota (?:is )?(?:exceed|full|reached|limit)|exceed.{0,40}quota|mail ?(?:box|folder|fach) (?:is |of .{0,40})?(?:already |currently )?(?:is )?"
     r"(?:full|over|exceeds|has exceeded|has reached|size limit)|(?:full|overfull) mail ?box|exceed(?:s"
     r"|ed|ing)? .{0,60}(?:storage|mail ?box|space allotted|maximum allowed mail)|out of storage"
     r"|insufficient (?:storage|space) .{0,30}(?:mail ?box|user|recipient)|disk (?:space )?quota"
     r"|mail ?box .{0,60}(?:too (?:full|large|big)|exceed|is full|full\b)"
     r"|(?:not|no) enough (?:storage |disk )?space (?:in|for|available)|user (?:has|is) (?:exceeded"
     r"|over|too many)|has (?:too many|exceeded) .{0,30}(?:messages|limit|space)"
     r"|storage (?:space )?(?:quota|limit)|maildir.{0,30}(?:full|over)|space limit|no space left for"
     r"|account is full|boîte .{0,20}pleine|casella.{0,20}piena|buz[oó]n.{0,20}lleno"
     r"|postfach .{0,30}voll|stockage|メールボックス.{0,20}(?:一杯|いっぱい|容量)|mailbox_full|full mailbox"
     r"|size of mailbox|quota_exceeded|message box is full|delivery failed: over quota|user is over"),
    ("hasmoved", r"has (?:been )?(?:moved|changed|replaced)|no longer (?:on|at) (?:this )?server|address changed|moved to|new address|user has moved|please (?:forward|use|try)[: ]+<?\S+@"),
    ("mesgtoobig", r"(?:message|mail|size|file|e-?mail) .{0,40}(?:too (?:big|large)|exceeds|larger than)|too (?:big|large)|size (?:limit|exceed)|exceeds? .{0,30}(?:size|limit .{0,20}size)"
     r"|max(?:imum)? (?:message|mail) size|message length|line is too long|nachricht .{0,20}zu gro"
     r"|message size|fixed maximum"),
    ("blocked", r"block(?:ed)? (?:using|by|list|for|from|at|due|because of|as)|\brbls?\b|dnsb?l|black ?list|blocklist|client host|spamhaus|spamcop|sorbs|barracudacentral|proofpoint\.com/.{0,20}blocked"
     r"|\bip\b.{0,40}(?:blocked|listed|rejected|denied|banned|blacklist|refused|not allowed)"
     r"|access (?:from|denied).{0,40}(?:ip|host|address)|banned (?:sending|ip|host)"
     r"|connect(?:ion)?s? (?:not accepted|(?:was )?(?:rejected|dropped|denied|blocked)|refused (?:by"
     r"|from))|connections? .{0,40}not accepted|your (?:network|host|server|isp|ip|mail ?server"
     r"|domain)[^.]{0,60}"
     r"(?:block|reject|denied|not (?:allowed|permitted)|refus|banned|list)|too many (?:connections"
     r"|spam)|go away|not accepting (?:mail|connections) from|temporarily deferred|invalid ip"
     r"|smtp server of your|use (?:the|your) (?:isp|provider)"
     r"|dynamic(?:ally)?[ -].{0,20}(?:ip|assigned|address|pool)|residential"
     r"|mail from \S+ (?:has been )?(?:refused|blocked|denied)|helo|ehlo|no smtp (?:service|access)"
     r"|we do(?:n't| not) accept mail from"
     r"|invalid (?:name|helo|ehlo)|server access .{0,30}forbidden|cloudmark|mailspike|senderbase"
     r"|invaluement|abuse.{0,10}listed|is in (?:a|our|the) .{0,30}list"
     r"|rejected because .{0,60}is listed"
     r"|temporarily block|suspicious (?:smtp|activity)|bad (?:helo|sender ip)|sender(?:'s)? ip"
     r"|unusual (?:rate|amount)|access denied|you are not allowed to connect|refused .{0,20}from your"
     r"|s3140|s3150"
     r"|ten-minute|greylist|grey ?listed|(?:amount|rate|number) of .{0,40}(?:mail|messages|connections)"
     r"|permanently (?:deferred|blocked)|host .{0,50}(?:not permitted|refused to talk)|dns?bl"
     r"|spam source"),
    ("spamdetected", r"\bspam|\bube\b|\buce\b|\bjunk|unsolicited|bulk (?:e-?)?mail|likely (?:suspicious|unsolicited)|content (?:was )?rejected|considered .{0,30}(?:spam|junk|unwanted)|spamassassin|bayes"
     r"|cyberoam|message looks like|appears to be (?:spam|unsolicited|junk)|highly suspicious"
     r"|classified as|score .{0,30}(?:exceeds|too high)|identified as|this message has been blocked"
     r"|mail contained (?:content|url|a url)|\bhigh probability|rejected (?:as|by content)"
     r"|refused: spam|message filtered|sender filter|blocked by (?:content|spam|policy filter)"
     r"|pattern filter"),
    ("securityerror", r"starttls|\btls\b|\bssl\b|encrypt|must (?:issue|authenticate)|auth(?:entication)? (?:required|fail|credentials|needed|turned)|security (?:problem|violation|reason|policy|status|level)"
     r"|sorry, you (?:don't|do not) auth|please log ?in|username and password|certificate"
     r"|not authenticated|cannot authenticate|submission .{0,30}auth|require.{0,20}secure"
     r"|insecure|security|executable|no authentication|domain of sender.{0,30}insecure"
     r"|attachment.{0,40}(?:danger|executable)|authentication"),
    ("policyviolation", r"polic(?:y|ies)|potential security issue|content (?:presents|restriction|violat)|attachment.{0,50}(?:not (?:allowed|accepted|permitted)|block|reject|prohibit|suspicious|banned)"
     r"|(?:banned|prohibited|disallowed|forbidden) (?:content|file|attachment|extension)|local policy"
     r"|administratively (?:prohibited|denied)|not (?:allowed|permitted) by .{0,30}(?:admin|rule)"
     r"|rule .{0,20}(?:reject|violat)"
     r"|protocol violation|mail rejected .{0,20}because|message (?:was )?rejected (?:due|because|by"
     r"|for)|organization.{0,30}(?:reject|restrict)|violat"
     r"|because the recipient .{0,40}not accepting mail with"),
    ("hostunknown", r"(?:host|domain|system|server)(?: or domain)?(?: name)? ?(?:is )?(?:unknown|not (?:found|exist|known|valid|registered))|unknown (?:host|domain|mail ?host)|no such (?:domain|host)|(?:invalid|bad|nonexistent|non-existent|illegal) "
     r"(?:domain|host|destination (?:host|system|domain|mailbox system))|domain .{0,60}(?:does(?:n't"
     r"| not) exist|doesn't|invalid|isn't|mentioned|cannot be (?:found|resolved)|must resolve|no mx"
     r"|couldn't be found|was not found)|unroute?able|nxdomain"
     r"|host(?:name)? (?:lookup|could not be|couldn't be|address) .{0,30}(?:fail|found|not|resolv)"
     r"|illegal host/domain|name or service not known|no (?:mx|a) (?:record|host)|could(?:n't"
     r"| not) find (?:any|a) (?:host|mail ?server|gateway|mx|exchanger|ip)"
     r"|name server (?:said|for|says)|name service error.{0,90}host not found|domain name .{0,40}(?:not"
     r"|unknown)|recipient .{0,60}domain|address .{0,40}has an? (?:unknown|invalid|illegal) domain"
     r"|mail domain|dns error|cannot resolve|could not resolve|unable to resolve"
     r"|host \S+ not found|not a valid (?:internet )?(?:domain|host)|domain isn"
     r"|no matches to nameserver|host not found|does(?:n't| not) have .{0,40}(?:mx|mail ?server"
     r"|a? ?dns)|all relevant mx records|couldn't find any host"),
    ("networkerror", r"too many (?:hops|hop counts|received)|hop count|loop(?:s|ing|ed)? ?(?:back|detected|:|count|for|to)?\b|no route to host|(?:network|host)(?: is)? (?:un|not )reachable|(?:dns|name ?server) (?:query|lookup|server|reply)[^.]{0,30}(?:fail|error)"
     r"|malformed (?:or unexpected )?name server|lookup (?:fail|error)|routing (?:loop|failure|error)"
     r"|could not connect|unable to connect|can(?:'t|not) connect|name server (?:failure|reply|timeout"
     r"|loop)|network error|connection (?:reset|lost|broken|closed)"
     r"|network is|dns (?:records?|soft error|resolver)|couldn't reach|host(?: is)? down"
     r"|temporary (?:dns|lookup)|maximum forwarding|address family|no (?:response|answer) from (?:host"
     r"|server)|illegal seek|name service error"),
    ("expired", r"expired|tim(?:e|ed)[ -]?out|too long|retr(?:y|ies|ied|ying) .{0,40}(?:exceed|time|limit|not reached|period|failed|after)|not (?:be )?(?:been )?(?:delivered|reachable|collected|responding) (?:within|for|after|in|since)"
     r"|could ?n[o']?t be delivered (?:for|within|in)|(?:did|does|do|is|are|was|were)(?:n't"
     r"| not) (?:respond|accepting connections|accept(?:ing)? connection)|giving up|queue.{0,30}(?:time"
     r"|period|days|hours)|delay|still being|gave up|for (?:more than|the last|over) \d+"
     r"|connection refused|time.{0,20}(?:exceed|limit|elapsed)|unable to deliver .{0,40}after"
     r"|retry timeout|was not delivered .{0,20}(?:hours|days)|warning|(?:has|have) (?:been"
     r"|not been) (?:queued|undeliver)|no longer (?:trying|be retried)|after \d+ (?:day|hour|attempt)"
     r"|not yet been delivered|you do(?: not|n't) need to resend|will (?:continue|keep) (?:trying"
     r"|to be)|multiple retries|failed to deliver to domain|the server did not respond"
     r"|undeliverable for|deferred"),
    ("suspend", r"suspend|disabled|inactive|frozen|deactivat|discontinu|(?:temporar\w+ )?locked|account .{0,60}(?:expired|closed|terminated|unpaid|unavailable|limited)|(?:mail ?box|user|account) .{0,40}(?:(?:temporarily|currently) (?:unavailable|disabled|inactive)|not active)"
     r"|not (?:currently )?active|has been (?:cancel|terminat)|unpaid|not enough credit"
     r"|invalid/inactive|user .{0,40}(?:is )?(?:disabled|inactive)|bank?ed account"
     r"|is currently suspended|no longer (?:active|in use|working|in service)"
     r"|restricted account|mailbox (?:temporarily )?unavailable or access denied|vacation ?mailbox"
     r"|boite .{0,20}(?:inactive|desactiv)|dd (?:this user|sorry)|(?:account"
     r"|mailbox) (?:is )?(?:unavailable|blocked|banned|dormant|on hold)"),
    ("notaccept", r"(?:do|does|did)(?:n't| not) (?:currently )?accept(?:s|ing)? (?:any )?(?:incoming )?(?:mail|e-?mail|messages?|smtp|connections)|not accepting (?:(?:any )?mail|messages?|smtp)|no(?:t)? (?:mail|smtp) (?:service|server) here|null ?mx|smtp protocol (?:is )?(?:disabled|not)"
     r"|smtp (?:service )?(?:disabled|unavailable)|host .{0,40}(?:never|not) accept|server (?:does"
     r"|do) not accept|is not accepting|not accepting (?:network|mail|any)|no mail accepted"
     r"|not able to accept|system not capable|domain does not accept"),
    ("systemfull", r"insufficient (?:disk|system|free)|(?:mail )?system (?:is )?full|not enough (?:disk|system)|disk full|no space left|exceeded storage allocation on the server|out of disk|requested mail action aborted: exceeded"),
    ("rejected", r"sender (?:address )?(?:was )?(?:rejected|denied|refused|unknown|invalid|verif\w+|not (?:allowed|permitted|accepted|known|exist))|(?:invalid|bad|unknown|rejected|unresolvable|illegal) (?:sender|return|from|envelope from|reverse)"
     r"|domain of sender|from address|mail from .{0,60}(?:reject|not (?:accepted|allowed|permitted)"
     r"|denied|refus|invalid|unknown)|sender(?:'s)? (?:domain|address|e-?mail|verify|callout|account|is"
     r"|must|not)|not .{0,30}permi(?:tted|ssion)[^.]{0,50}(?:post|send|submit|group)"
     r"|(?:permission|allowed) to (?:post|send|email)|posting|closed (?:mailing )?list|only (?:members"
     r"|subscribers)|reject(?:ed)? by (?:your )?sender|rejecting .{0,20}sender"
     r"|administrative prohibition|bounces? (?:message )?from|null sender|<> (?:is )?(?:not|invalid)"
     r"|from: (?:domain|address)"
     r"|could not complete sender|you are not allowed to send|send from this|backscatter"
     r"|member of (?:the )?(?:group|list)|group (?:may|you tried)|restricted (?:to|sender)"),
    ("mailererror", r"command (?:died|failed|output|line)|pipe to|exit(?:ed)? (?:with )?(?:status|code|value|error)|procmail|\bmailer\b.{0,30}(?:error|failed|said|exit)|x-unix|program .{0,30}fail|transport (?:.{0,30})?(?:returned|pipe)|generated from \|"
     r"|local delivery (?:failed|agent)|: signal|no recipients specified|filter failed|program failure|exec(?:ute)? "),
    ("syntaxerror", r"syntax error|(?:command|verb|parameter|argument) .{0,40}(?:not |un)(?:recogni[sz]ed|implemented|known|supported|available)|(?:unrecogni[sz]ed|unknown|unimplemented|invalid) (?:command|parameter|argument)|bad (?:sequence|command)|\b50[0-4] |parameter not|improper use|commands? out of"),
    ("contenterror", r"\bmime\b|duplicate header|\bheader\b|malformed|8-?bit|charset|encoding|conversion|(?:not )?valid content|content(?:[- ]type|-transfer)|message (?:content|body|format)|illegal (?:content|attachment)|invalid (?:character|content|format)|line (?:too|length)|boundary|incorrectly formatted"),
    ("systemerror", r"(?:internal|local|system|server|software|configuration|config) (?:\w+ ){0,2}(?:error|problem|failure)|misconfig|i/o error|input/output|resource|can(?:'t|not) (?:create|open|write|lock|access|chdir|append)|out of memory|memory|aliasing|alias (?:loop|expansion)|deadlock|queue file|database|lookup table|temporary (?:failure|error|problem)"
     r"|unable to (?:write|open|lock|access|chdir)|interrupt|panic|mail for \S+ loops"
     r"|timeout (?:waiting|while) for local|service (?:temporarily )?unavailable|unexpected"
     r"|too many (?:recipients|open)|transport unavailable|mail server|not responding|server busy"),
)  # fmt: skip

_USER_UNKNOWN = re.compile(
    r"(?:user|recipient|mail ?box|address|account|alias|person|member|addressee|customer|login|name|id"
    r"|local[- ]?part)s?(?: address)?(?: \S{1,90})? ?(?:is |was |are )?(?:unknown|not (?:found|known"
    r"|exist|listed|here|valid|be found|on this server|a (?:known|valid|local)|matched|recogni[sz]ed"
    r"|in )"
    r"|invalid|does(?:n't| not) exist|do(?:n't| not) exist|unavailable|reject|undeliverable"
    r"|nonexistent|unroute?able|cannot be found|could not be found|wasn't found)|(?:unknown|no such"
    r"|invalid|bad|illegal|non-?existent|undefined|wrong) (?:local |virtual |final |internet "
    r"|destination |e-?mail |mail )?"
    r"(?:user|recipient|mail ?box|address|account|alias|person|login|name|part|addressee|member"
    r"|local-part)|no (?:such |local )?(?:user|mail ?box|account|recipient|person|address"
    r"|valid recipient)|user .{0,50}(?:doesn't|does not|not) (?:have|exist|be found|listed)"
    r"|recipnotfound|not (?:found|listed|exist) in (?:\S+ )?(?:directory|public|address|domino|name)"
    r"|does(?:n't| not) exist|unknown (?:or illegal|to)|no longer (?:exist|valid|with|available"
    r"|employed)|not our customer|isn't (?:valid|a valid)|is not (?:a )?(?:valid|known|active user"
    r"|an? (?:known|valid|existing))|didn't match|couldn't be found|not a (?:known|valid|local"
    r"|registered)|who are you looking for|this user doesn't have|destination (?:mail ?box "
    r"|e-?mail )?address"
    r"|no mail ?box (?:here )?by that name|rcpt .{0,30}(?:doesn't|not) exist|recipient verify"
    r"|callout verification|recipient not|address (?:error|invalid)|存在しません|宛先|n'existe pas|no existe"
    r"|non esiste|existiert nicht|unbekannt|inconnue?|desconocido|bestaat niet|findes ikke"
    r"|not in (?:my|our|the) .{0,20}(?:list|database)|mx lookup of recipient"
    r"|delivery to the following recipients? failed",
    re.I,
)  # fmt: skip
_HOST_UNKNOWN = re.compile(
    r"(?:domain|host)(?: or domain)?(?: name)?(?: \S{1,80})? (?:does(?:n't| not) exist"
    r"|(?:is )?(?:unknown|not found)|(?:could|can)(?:n't|not| not) be (?:found|resolved))|(?:no such"
    r"|unknown|invalid|non-?existent) (?:domain|host)|name service error .{0,90}host not found"
    r"|account or domain may not exist|nxdomain|unrouteable mail domain",
    re.I,
)  # fmt: skip
_NOISE = re.compile(
    r"https?://\S+|<?[^\s<>@]{1,90}@[^\s<>@]{1,190}>?|recipient address rejected:|delivery temporarily suspended:|\brfc822;",
    re.I,
)
_FILTERED = re.compile(
    r"user reject|rejected by (?:the )?(?:recipient|user|addressee)|recipient .{0,40}(?:filter"
    r"|only accept|refus|does(?:n't| not) (?:want|accept)|is not accepting)|account is protected"
    r"|has (?:blocked|rejected) (?:your|mail|this)|refused by (?:the )?(?:recipient|user)"
    r"|not accepting mail from you"
    r"|due to extended inactivity|restrict(?:ed|ion)s? .{0,30}recipient|because the recipient"
    r"|message was rejected|sorry.{0,20}(?:rejected|message rejected)|user .{0,60}has .{0,20}filter"
    r"|dtnr|resolver\.rst|refuse to receive|recipient rejected|verification method|you are not (?:on"
    r"|in) .{0,30}list|extended inactivity|list expansion|403 forbidden"
    r"|domain name disabled|we don't handle mail for|(?:user|recipient|mail ?box) .{0,60}(?:is )?not accepting",
    re.I,
)  # fmt: skip

_COMPILED = tuple((name, re.compile(pattern, re.I)) for name, pattern in _PHRASES)
REASONS = frozenset(name for name, _ in _PHRASES) | {"userunknown", "filtered", "delivered", "undefined", "onhold"}

_STATUS = {
    "1.0": "userunknown", "1.1": "userunknown", "1.2": "hostunknown", "1.3": "userunknown", "1.4": "filtered", "1.6": "hasmoved", "1.7": "rejected",
    "1.8": "rejected", "1.9": "systemerror", "1.10": "notaccept", "1.351": "userunknown", "2.0": "filtered", "2.1": "suspend", "2.2": "mailboxfull",
    "2.3": "mesgtoobig", "2.4": "filtered", "3.0": "systemerror", "3.1": "systemfull", "3.2": "notaccept", "3.3": "systemerror", "3.4": "mesgtoobig",
    "3.5": "systemerror", "4.0": "networkerror", "4.1": "expired", "4.2": "networkerror", "4.3": "systemerror", "4.4": "hostunknown",
    "4.5": "expired", "4.6": "networkerror", "4.7": "expired", "4.300": "expired", "4.310": "hostunknown", "4.312": "networkerror", "4.316": "expired", "5.0": "syntaxerror",
    "5.1": "syntaxerror", "5.2": "syntaxerror", "5.3": "syntaxerror", "5.4": "syntaxerror", "6.0": "contenterror", "6.1": "contenterror", "6.2": "contenterror", "6.3": "contenterror",
    "6.5": "contenterror", "6.6": "contenterror", "6.9": "contenterror", "7.0": "securityerror", "7.1": "securityerror", "7.2": "rejected", "7.3": "securityerror",
    "7.4": "securityerror", "7.5": "securityerror", "7.6": "securityerror", "7.7": "securityerror", "7.8": "securityerror", "7.9": "securityerror", "7.13": "suspend", "7.17": "hasmoved", "7.20": "authfailure",
    "7.21": "authfailure", "7.22": "authfailure", "7.23": "authfailure", "7.24": "authfailure", "7.25": "requireptr", "7.26": "authfailure", "7.27": "notaccept",
    "7.28": "spamdetected", "7.29": "authfailure", "7.509": "authfailure", "7.511": "blocked",
}  # fmt: skip
SPECIFIC = frozenset(set(_STATUS) - {"1.0", "3.0", "4.0", "5.0", "6.0", "7.0", "7.1", "7.9"})
_DECISIVE = frozenset(
    {
        "1.1",
        "1.2",
        "1.6",
        "1.8",
        "1.351",
        "2.2",
        "2.3",
        "3.4",
        "7.13",
        "7.20",
        "7.21",
        "7.22",
        "7.23",
        "7.24",
        "7.25",
        "7.26",
        "7.509",
    }
)
_REPLY = {
    "421": "blocked",
    "452": "systemfull",
    "521": "notaccept",
    "525": "suspend",
    "552": "mailboxfull",
    "553": "userunknown",
    "556": "notaccept",
}


def reason_of(
    said: str, status: str | None, *, action: str | None = None, command: str | None = None, machine: bool = False
) -> str:
    """Answer the reason.

    Args:
        said: what the other side wrote.
        status: the enhanced status code, or None.
        action: the Action field of RFC 3464.
        command: the SMTP command that was refused, in upper case.
        machine: a program on the receiving machine said it (`x-unix`), no SMTP server.
    """
    said = _NOISE.sub(" ", re.sub(r"\s+", " ", said[:12_000]))[:6000]
    subject = status[2:] if status and status[1:2] == "." else ""
    if machine:
        return "mailererror"
    if subject.startswith("7.6") and len(subject) == 5 and subject < "7.650":
        return "blocked"
    matched = [name for name, pattern in _COMPILED if pattern.search(said)]
    user = bool(_USER_UNKNOWN.search(said))
    if command in ("DATA", "DOT") and user and not matched and subject not in ("1.1", "1.0"):
        return "filtered"
    if subject in _DECISIVE and subject not in ("1.1", "1.2"):
        return _STATUS[subject]
    strong = [n for n in matched if n in _BEFORE_USER]
    if strong:
        return strong[0]
    if _HOST_UNKNOWN.search(said) and subject != "1.1":
        return "hostunknown"
    if user:
        return "userunknown"
    if _FILTERED.search(said):
        return "filtered"
    if subject in _DECISIVE:
        return _STATUS[subject]
    if action == "delayed" and not set(matched) - {"expired", "networkerror"}:
        return "expired"
    if matched:
        return matched[0]
    if subject in _STATUS:
        return _STATUS[subject]
    reply = re.search(r"(?<![\d.])([45]\d\d)(?![\d.])", said)
    if reply and reply[1] in _REPLY:
        return _REPLY[reply[1]]
    if command in ("EHLO", "HELO", "CONNECT"):
        return "blocked"
    if command == "MAIL":
        return "rejected"
    if (status and status.startswith("4")) or action == "delayed":
        return "expired"
    return "userunknown" if command == "RCPT" else "onhold"


_BEFORE_USER = frozenset({"requireptr", "authfailure", "notcompliantrfc", "badreputation", "norelaying", "mailboxfull", "hasmoved", "blocked",
                          "virusdetected", "spamdetected", "suspend", "mesgtoobig", "policyviolation", "notaccept"})  # fmt: skip


def reason_of_status(status: str | None) -> str | None:
    """The reason where only the status code is known; None for one that says little."""
    subject = status[2:] if status and status[1:2] == "." else ""
    return _STATUS[subject] if subject in SPECIFIC else None
