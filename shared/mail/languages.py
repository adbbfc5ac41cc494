"""The words that mail programs put around quoted and forwarded mail, in the languages that Postrum knows.

English, Danish, Dutch, German, Swedish, Norwegian, Finnish, French, Spanish, Italian, Polish, Portuguese; and the few words
of others that turn up. A further language is further words in these tables, nothing else.
"""

from __future__ import annotations

import re

__all__ = ["FORWARD", "LABELS", "MOBILE", "ORIGINAL", "SIGN_OFF", "WROTE"]

_LABEL_WORDS = {
    "from": "from|von|absender|de|expéditeur|expediteur|da|mittente|van|afzender|fra|avsender|afsender|från|avsändare|lähettäjä|od|nadawca|remitente|remetente|"
    "от кого|от|отправитель|发件人|發件人|寄件者|寄件人|差出人|送信者|보낸 ?사람|kimden|gönderen|feladó|odesílatel|de la|expeditor|mesaj sahibi|від",
    "date": "date|sent|sent on|sent at|datum|gesendet|gesendet am|envoyé|envoye|envoyé le|envoyé à|date d'envoi|enviado|enviado el|enviado em|enviada em|enviada|fecha|inviato|inviato il|data|data invio|verzonden|verzonden op|"
    "verstuurd|verzenddatum|sendt|sendt den|dato|skickat|skickat den|datum och tid|lähetetty|päivämäärä|päiväys|pvm|wysłano|wyslano|wysłane|data wysłania|дата|отправлено|发送时间|发送日期|日期|寄件日期|送信日時|日付|日時|날짜|보낸 ?날짜|"
    "tarih|gönderildi|dátum|elküldve|küldve|odesláno|trimis|trimis la|message du|sent date|received|dată|надіслано",
    "to": "to|an|empfänger|à|a|destinataire|per|destinatario|aan|geadresseerde|til|modtager|mottaker|till|mottagare|vastaanottaja|do|adresat|para|destinatário|кому|收件人|收件者|宛先|받는 ?사람|kime|alıcı|címzett|komu|către|catre|recipient|recipients|кому",
    "cc": "cc|kopie|kopie an|copie|copie à|copia|cópia|copia a|con copia a|kopi|kopia|kopio|dw|do wiadomości|копия|抄送|副本|bilgi|másolatot kap|participants",
    "bcc": "bcc|bk|blindkopie|cci|cco|ccn|kopia ukryta|udw|скрытая",
    "subject": "subject|betreff|betr|objet|sujet|asunto|oggetto|onderwerp|betreft|emne|ämne|aihe|otsikko|temat|assunto|тема|主题|主旨|主題|件名|제목|konu|tárgy|předmět|subiect|re",
    "reply_to": "reply-to|reply to|répondre à|répondre a|antwort an|antworten an|responder a|rispondi a|antwoord aan|svar til|svara till|vastausosoite|vastaa|odpowiedz do|ответить|回复|返信先",
    "other": "importance|wichtigkeit|priority|priorität|attachments|anlagen|anhänge|pièces jointes|bijlagen?|vedhæftede filer|vedhæftet|vedlegg|bilagor|bifogade filer|liitteet|załączniki|allegati|adjuntos|datos adjuntos|anexos|organi[sz]ation|message-id|sent by|prioritet|"
    "sensitivity|vertraulichkeit|categories|importancia|importance :|priorité|prioriteit|mailing list|list|folder|kategorie|when|where|signed by|security|x-[a-z-]+|mime-version|content-type|in-reply-to|references",
}
LABELS: dict[str, str] = {label: key for key, words in _LABEL_WORDS.items() for label in words.split("|")}
"""Label in a quoted header, lower case -> which field it is."""

WROTE = (
    r"wrote|writes|said|replied|schrieb(?:en)?|schreibt|geschrieben|schreef|geschreven|skrev|skreiv"
    r"|skrifaði|kirjoitti|a écrit|écrit|ecrit|a ecrit|escribió|escribio|escribiste|ha escrito"
    r"|ha scritto|scrisse|scritto|scriveva|napisał\(a\)|napisał(?:\(-a\)|a)?|napisal(?:\(a\)|a)?|"
    r"pisze|escreveu|написал\(а\)|написал[аи]?|пишет|писал[аи]?|пише|写道|寫道|のメッセージ|は書きました|が書きました"
    r"|さんは(?:書きました)?|님이 작성|írta|napsal(?:\(a\)|a)?|scris|yazdı|έγραψε|kirjutas|rakstīja|rašė"
    r"|va escriure|napísal(?:\(a\)|a)?|je napisao|viết|geantwoord|svarede"
)
"""The verbs of the line above a quotation."""

FORWARD = (
    r"(?:begin(?:ning of)? )?forwarded (?:message|e-?mail|mail|by .{1,200}|from .{1,200})"
    r"|start of forwarded message|redirected message|message forwarded"
    r"|(?:anfang der )?weitergeleitete[nr]? (?:nachricht|e-?mail|mail|message)"
    r"|weitergeleitet von .{1,200}"
    r"|message (?:transf[ée]r[ée]|r[ée]exp[ée]di[ée]|transmis)|e-?mail transf[ée]r[ée]"
    r"|courriel transf[ée]r[ée]|d[ée]but du message (?:r[ée]exp[ée]di[ée]|transf[ée]r[ée]|transmis)"
    r"|(?:inicio del )?mensaje (?:reenviado|remitido)|correo reenviado"
    r"|(?:in[íi]cio da )?mensagem (?:re)?encaminhada"
    r"|(?:inizio (?:del )?)?messaggio inoltrato|(?:begin (?:van )?)?door(?:gestuurd"
    r"|gezonden) (?:bericht|e-?mail)|(?:start på |begyndelse på )?videresendt? (?:meddelelse|besked"
    r"|melding|e-?post|e-?mail|mail)|(?:start på |starten av )?videresendt e-?post|(?:början på "
    r"|vidarebefordrat )vidarebefordrat (?:meddelande|mejl|brev)"
    r"|vidarebefordrat (?:meddelande|mejl|brev|mail|e-?post)|vidarebefordrad (?:e-?post|post)"
    r"|(?:alkaa )?(?:edelleen ?)?(?:väli?tetty|lähetetty) viesti|välitetyn viestin alku"
    r"|edelleenlähetetty viesti|edelleen välitetty viesti|(?:początek )?przekazan(?:a|ej"
    r"|ywanej) wiadomo(?:ść|ści)|wiadomość przekazana(?: dalej)?"
    r"|początek przekazywanej wiadomości|пересылаемое (?:сообщение|письмо)|пересланное (?:сообщение"
    r"|письмо)|перенаправленное сообщение|начало пере\w+ сообщения|переслан[ое]\w* повідомлення"
    r"|转发(?:的)?(?:邮件|信息|消息)|轉寄的?(?:郵件|訊息)|転送(?:された)?(?:メッセージ|メール)|(?:전달된|전달) (?:메시지|메일)"
    r"|přeposlaná zpráva|továbbított (?:üzenet|levél)|mesaj (?:redirecționat|redirectionat)"
    r"|proslijeđena poruka|posredovano sporočilo|iletilen (?:ileti|mesaj)|yönlendirilen mesaj"
    r"|preposlaná správa|e-?mail (?:doorgestuurd|inoltrata?)|áframsent skeyti|edastatud kiri"
)
"""What stands above a forwarded message."""

ORIGINAL = (
    r"original(?:e|es|t)? (?:message|e-?mail|mail|appointment|besked|meddelelse|nachricht)"
    r"|(?:ursprüngliche|originale?|original-)[ -]?(?:nachricht|mail|e-?mail|message|meddelande)"
    r"|originalnachricht|message (?:d['’]origine|original|initial|d´origine)|courrier original"
    r"|mensaje original|messaggio originale"
    r"|o(?:orspronkelijke?|riginele|rigineel) (?:bericht|e-?mail)|(?:original|oprindelig"
    r"|opprinnelig) (?:meddelelse|besked|melding|e-?post|mail)|originalmeddelande"
    r"|ursprungligt meddelande|ursprungligt mejl|alkuperäinen viesti|wiadomość oryginalna"
    r"|oryginalna wiadomość|mensagem original"
    r"|исходное сообщение|оригинальное сообщение|original-meddelelse|originalbrief|原始(?:邮件|郵件|信息)"
    r"|元のメッセージ|원본 메시지|původní (?:zpráva|e-?mail)|eredeti üzenet|orijinal (?:mesaj|ileti)"
    r"|mesaj original|pôvodná správa|reply message|réponse message|izvorna poruka"
    r"|end of original message"
)
"""What stands above the message that is answered."""

MOBILE = re.compile(
    r"^\s*[*_(\[]{0,2}(?:(?:sent|posted|written) (?:from|via|using|by|with|on) (?:my|the|an?|outlook"
    r"|yahoo|mail|samsung|blackberry|iphone|ipad|android|windows|proton|gmail|mobile|myMail|aqua|k-9"
    r"|nine|airmail|email|a|mailbird|spark|tutanota|superhuman|front|hey|zoho|canary|\w+ (?:mail|for"
    r"|mobile|app))\b"
    r"|sent from \w[\w .'-]{0,40}$|get outlook for|get mobile ?outlook|download outlook|von mein(?:em"
    r"|er) .{1,40} (?:gesendet|geschickt|versendet)|(?:gesendet|versendet|geschickt|diese (?:nachricht"
    r"|e-?mail) wurde) (?:von|mit|aus|über) .{1,60}$|von .{1,30} gesendet$|outlook für (?:ios|android)"
    r"|holen sie sich outlook"
    r"|envoy[ée] (?:de(?:puis)?|à partir de|avec|via) .{1,60}$|t[ée]l[ée]chargez outlook"
    r"|obtenir outlook|provenance : courrier|enviado (?:desde|do|de|com|a partir) .{1,60}$"
    r"|enviado el? .{0,20}desde|obtener outlook|obtenha o outlook|obter o outlook|inviato (?:da|dal"
    r"|con|tramite) .{1,60}$|scarica outlook|ottieni outlook"
    r"|(?:verzonden|verstuurd) (?:vanaf|van|met|via|door) .{1,60}$|outlook voor (?:ios|android)"
    r"|sendt (?:fra|via|med) .{1,60}$|hent outlook|få outlook|skickat (?:från|med|via) .{1,60}$"
    r"|hämta outlook|skaffa outlook|lähetetty .{1,60}(?:sta|stä|lla|llä|lta|ltä|ni|puhelimesta)$"
    r"|lähetetty \w+(?:sta|stä)\b|hanki outlook|wysłan[eoy] (?:z|za pomocą) .{1,60}$"
    r"|pobierz (?:program )?outlook"
    r"|отправлено (?:с|из) .{1,60}$|发自我的|從我的.{1,20}傳送|(?:iphone|ipad|android)\s*から送信|나의 .{1,20}에서 보냄"
    r"|odesláno z|trimis de pe|gönderildi$)",
    re.I,
)
"""The line that a telephone or app adds."""

SIGN_OFF = re.compile(
    r"^\s*(?:(?:(?:with )?(?:my |our )?(?:best|kind|kindest|warm|warmest|many|very best) ?(?:regards?"
    r"|wishes)?|regards|cheers|sincerely|yours (?:sincerely|faithfully|truly)|sincerely yours"
    r"|respectfully|thanks and regards|thanks & regards|thank you and regards|rgds|br|kr|all the best"
    r"|cordially"
    r"|(?:mit )?(?:freundlichen?|freundliche|besten?|beste|lieben?|liebe|herzlichen?|herzliche"
    r"|schönen?|schöne|viele|vielen?) (?:grüßen?|grüssen?|gruß|gruss|grüsse)|mfg|lg|vg"
    r"|hochachtungsvoll|beste grüße|cordialement|(?:bien )?(?:sincères )?(?:à vous|cordialement)"
    r"|salutations(?: distinguées)?|bien à vous|sincères salutations|meilleures salutations"
    r"|(?:un )?saludos?(?: cordiales?)?|atentamente|(?:un )?cordial saludo|(?:cordiali "
    r"|distinti )?saluti|cordialmente|(?:met )?(?:vriendelijke|hartelijke) (?:groeten?|groet)"
    r"|groet(?:en|jes)?|mvg|(?:med )?(?:venlig|venlige|vennlig|bedste|beste|kærlig|mange) (?:hilsen"
    r"|hilsener|hilsner)|mvh|(?:med )?vänlig(?:a)? hälsning(?:ar)?|hälsningar|bästa hälsningar"
    r"|(?:ystävällisin|parhain|terveisin)(?: terveisin)?|terveisin|(?:z )?(?:poważaniem"
    r"|wyrazami szacunku)|pozdrawiam(?: serdecznie)?|(?:com os melhores )?cumprimentos|atenciosamente"
    r"|abraços?|с уважением)[ ]?[,.!:–-]*)\s*$",
    re.I,
)
"""The closing line above a signature."""
