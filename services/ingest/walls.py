"""Words that stand where a story should be: walls and pages that are not there. Pure."""

from __future__ import annotations

import re

# Walls stand in place of the story or at its end: only short texts and last lines are searched for their words.
WALL_CHARACTERS = 1500
TEASER_CHARACTERS = 2500
LAST_CHARACTERS = 400
EMPTY_CHARACTERS = 600
# A story has at least one paragraph of this length that speaks of something else.
PARAGRAPH_CHARACTERS = 140

PAYWALL = re.compile(
    r"subscri(?:be|ption)s? (?:to|now|to?day|to?day to|now to|or \w+ in to) (?:continue|read|keep|unlock|get (?:full|unlimited)|access)|"
    r"already (?:a |have a )?(?:subscriber|subscription|member)|to (?:continue|keep) reading|(?:continue|keep) reading (?:with|by) |"
    r"this (?:article|content|story) is (?:only )?(?:for|available to|reserved for|exclusive to) (?:our )?(?:paying )?(?:subscribers|members)|"
    r"(?:you have|you['’]ve) (?:reached|read|used) (?:your|all|the) .{0,30}(?:free|limit)|unlock this (?:article|story)|"
    r"(?:article |contenu )?réservé (?:à nos |aux )abonnés|abonnez-vous pour (?:lire|continuer)|il vous reste .{1,20} à lire|déjà abonné|"
    r"nur für abonnenten|jetzt abonnieren und weiterlesen|jetzt weiterlesen mit|weiterlesen mit .{0,20}(?:abo|plus|\+)|bereits abonnent|"
    r"(?:dieser|diesen) (?:artikel|inhalt) .{0,40}(?:abonnent|abo\b)|"
    r"(?:contenido )?(?:exclusivo|solo) para suscriptores|suscríbete para (?:seguir|continuar)|ya eres suscriptor|"
    r"(?:contenuto|articolo) riservato agli abbonati|abbonati per (?:leggere|continuare)|sei già abbonato|"
    r"(?:conteúdo )?exclusivo para assinantes|assine para (?:ler|continuar)|já é assinante|"
    r"alleen voor abonnees|word abonnee om|lees verder met|al abonnee|endast för prenumeranter|kun for abonnenter|"
    r"tylko dla (?:subskrybentów|prenumeratorów)|только для подписчиков",
    re.IGNORECASE,
)
CONSENT = re.compile(
    r"we (?:and our (?:[\d,. ]+ )?partners )?(?:use|store) (?:.{0,30})?cookies|(?:accept|reject|manage|allow) (?:all )?cookies|"
    r"cookie (?:policy|settings|preferences|consent|notice)|(?:consent|agree) to (?:the use of |our use of )?cookies|before you continue to|"
    r"(?:wir und unsere|wir verwenden|zustimmen und|akzeptieren).{0,60}(?:cookies|partner|tracking)|mit werbung weiterlesen|"
    r"(?:nous et nos|nous utilisons|accepter).{0,60}(?:cookies|partenaires)|(?:nosotros y|utilizamos|usamos|aceptar).{0,60}cookies|"
    r"(?:noi e|utilizziamo|accetta).{0,60}cookie|(?:nós e|usamos|aceitar).{0,60}cookies|(?:wij en|wij gebruiken|accepteer).{0,60}cookies",
    re.IGNORECASE,
)
CHALLENGE = re.compile(
    r"just a moment\b|attention required|are you (?:a )?(?:robot|human)\b|verif(?:y|ying) (?:that )?you are (?:a )?(?:human|not a robot)|"
    r"checking your browser|unusual (?:traffic|activity)|pardon our interruption|enable (?:javascript|js|"
    r"cookies)(?: and (?:cookies|javascript))? to (?:continue|proceed|view)|"
    r"please enable (?:js|javascript)|access (?:to this page has been )?denied|complete the (?:captcha|security check)|ddos protection|"
    r"press (?:&|and) hold|you have been blocked|request (?:was )?blocked|bist du ein roboter|sind sie ein mensch|êtes-vous un robot|eres un robot|"
    r"sei un robot|você é um robô|ben je een robot",
    re.IGNORECASE,
)
NOT_FOUND = re.compile(
    r"(?:error |http )?404(?:\W*$| error\b|\W+(?:page |file )?not found\b)|(?:page|article|story|content|file|"
    r"requested url)\b.{0,25}\bnot (?:be )?found|not found\W*$|"
    r"(?:page|article|story|content)\b.{0,30}(?:no longer (?:exists|available)|does(?: not|n['’]t) exist|(?:is )?unavailable|has been removed)|"
    r"(?:seite|artikel|inhalt)\b.{0,25}nicht (?:gefunden|verfügbar|mehr)|page (?:introuvable|non trouvée)|page n['’]existe (?:pas|plus)|"
    r"página no (?:encontrada|existe|disponible)|pagina non (?:trovata|esiste)|página não (?:encontrada|existe)|pagina niet gevonden|"
    r"sidan (?:hittades inte|finns inte)|siden (?:blev ikke fundet|finnes ikke)|strona nie (?:istnieje|została znaleziona)|страница не найдена",
    re.IGNORECASE,
)
LOGIN = re.compile(
    r"(?:log|sign) ?in\b|log ?in to (?:your account|continue)|(?:please )?(?:log|sign) in to|anmelden|einloggen|"
    r"anmeldung|se connecter|connexion|connectez-vous|"
    r"iniciar sesión|inicia sesión|accedi|effettua il login|entrar|iniciar sessão|faça login|inloggen|log ind|logga in|zaloguj",
    re.IGNORECASE,
)  # fmt: skip
CUT_OFF = re.compile(r"(?:…|\.\.\.|\[…\]|\[\.\.\.\])\W*$")


def asks_to_pay(text: str) -> bool:
    """Whether a text ends, or consists, in the words of a paywall."""
    if len(text) < WALL_CHARACTERS:
        return PAYWALL.search(text) is not None
    return len(text) < TEASER_CHARACTERS and PAYWALL.search(text[-LAST_CHARACTERS:]) is not None


def asks_for_consent(text: str) -> bool:
    """Whether a short text asks about cookies."""
    return len(text) < WALL_CHARACTERS and CONSENT.search(text) is not None


def is_only_consent(text: str) -> bool:
    """Whether a text asks about cookies and tells nothing else: no long paragraph without their words."""
    lines = [line for line in text.split("\n") if len(line) >= PARAGRAPH_CHARACTERS]
    return asks_for_consent(text) and all(CONSENT.search(line) or "cookie" in line.casefold() for line in lines)


def is_challenge(title: str, text: str, *, marked: bool) -> bool:
    """Whether a nearly empty page asks for a proof of being human: two of its title, text and markup must say so."""
    says = CHALLENGE.match(title.strip()) is not None, any(CHALLENGE.match(line) for line in text.split("\n")), marked
    return len(text) < EMPTY_CHARACTERS and sum(says) >= 2


def is_not_found(title: str, headline: str, text: str) -> bool:
    """Whether a nearly empty page says that there is none. Its title or headline must say so, not its text alone."""
    return len(text) < EMPTY_CHARACTERS and any(
        NOT_FOUND.match(part.strip()) for name in (title, headline) for part in re.split(r"\s[|–—·:-]\s", name)
    )


def asks_to_log_in(title: str, headline: str, text: str) -> bool:
    """Whether the title or headline of a nearly empty page asks to log in; the caller saw a field for a password."""
    return len(text) < EMPTY_CHARACTERS and any(LOGIN.search(name) for name in (title, headline))


def is_cut_off(text: str) -> bool:
    """Whether a text ends in the middle."""
    return CUT_OFF.search(text[-20:]) is not None
