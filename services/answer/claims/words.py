"""What English words mean the same, the contrary, or exclude each other: the tables behind ground.py and conflicts.py.

General English only, no names of things in any data. A word is looked up by its stem, so that one form stands for all.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from services.search.highlight import STOP_WORDS, stem
from services.search.irregular import PAST_FORMS

# Forms that no stemmer leads back, and words that state the same as another.
IRREGULAR = PAST_FORMS | dict(
    pair.split("/")
    for pair in (
        "left/leave died/die dead/die death/die deaths/die dying/die saw/see laid/lay lay/lie bound/bind freed/free"
        " frees/free following/after 's/be is/be are/be was/be were/be been/be being/be has/have had/have did/do"
        " does/do done/do"
    ).split()
)
# Each group counts as one word.
SAME = """
say state announce report add note declare explain tell remark comment claim assert insist argue mention reveal
 disclose statement announcement quote public accord recall confess acknowledge describe write inform indicate
begin start commence launch kick|end finish conclude complete|buy purchase acquire|company firm business corporation
child kid|police officer cop|car vehicle automobile|about around approximately roughly some nearly almost circa
show demonstrate display|help assist aid|receive obtain get|need require must|find discover|home house|road street
big large huge|injure hurt wound|arrest detain custody|quake earthquake
rise increase climb grow gain up jump soar surge hike|fall drop decline decrease decreas down sink slump plunge
 shrink
reject refuse|approve pass endorse back|resign quit|many numerous several number|use utilise utilize
expect anticipate forecast|want seek wish like|also addition|near close|while whereas|though although however but
because since due|person individual people|kill die fatal fatally slay|man male|woman female|give provide|attempt
 try
choose select pick|let allow permit|job work employment post|worker employee staff|resident inhabitant citizen
breach gap hole|pledge promise vow|convert rebuild|seal close|operate run|relative family|pedestrian walker foot
wage salary|contact write|mistake error wrong|talk speak discuss|big major|fix repair mend|build construct|build
 erect
quick fast rapid|doctor physician|shop store|film movie|picture photo photograph image|attorney lawyer|murder
 homicide
blaze fire|student pupil|plane aircraft airplane|ill sick|leader head chief boss|cost price pay payment worth|cut reduce lower
 reduction
raise lift hike|ask request|keep retain|close shut|world global worldwide|country nation|city town
present current currently now|before ahead prior|during course|per each every|year annual annually|day daily
month monthly|week weekly|lead cause|inquiry investigation probe|verdict ruling|agreement deal accord pact|wed marry
father dad|mother mum mom|last final|former ex previous previously earlier|vote ballot poll|late deceased|loan lend
pay payment|sum amount|evacuate flee|reach attain|select choose|take accept|move relocate|believe think
likely probable probably|remain stay|happen occur|break burst rupture|flood inundate|rain rainfall|aim intend plan
hold keep|return come|mph mile|kilometre kilometer km|metre meter m|centimetre centimeter cm|tonne ton
kilogram kilo kg|usd dollar|euro eur|percent percentage|no none|not n't|third 3rd|second 2nd
"""
# Words of one set exclude each other; the first two of a pair are contraries, too.
EXCLUSIVE = """
rise fall|raise fall|keep cut|keep lose|keep sell|keep close|high fair|low fair|increase decrease|raise cut
approve reject|accept reject|win lose|win defeat|victory defeat|open close|begin end|support oppose|favour oppose
arrive depart|enter exit|join leave|arrive leave|buy sell|hire fire|hire dismiss|guilty innocent|convict acquit
more less|more fewer|most least|high low|higher lower|highest lowest|before after|first last|first final
north south east west|northern southern eastern western|northeast northwest southeast southwest|up down|succeed fail
success failure|pass fail|allow ban|allow forbid|allow prohibit|permit ban|confirm deny|admit deny|agree disagree
strong weak|early late|old new|old young|elder young|man woman|male female|boy girl|son daughter|brother sister
husband wife|father mother|uncle aunt|inside outside|indoor outdoor|above below|over under|best worst|better worse
gain lose|gain loss|profit loss|legal illegal|safe dangerous|arrest release|arrest free|raise lower|include exclude
always never|live die|alive dead|large small|big small|long short|expand shrink|improve worsen|fast slow|hot cold
warm cold|import export|attack defend|love hate|build demolish|create destroy|remember forget|everyone nobody|all none
many few|both neither|morning afternoon evening night|spring summer autumn winter|minimum maximum|least most
major minor|majority minority|public private|positive negative|war peace|start stop|continue stop|with without
left right|front rear|dry wet|full empty|rich poor|fair unfair|cheap dear|include omit|easy difficult|easy hard
cheap expensive|heavy light|thick thin|deep shallow|true false|right wrong|lead trail|grow shrink|push pull
send receive|borrow lend|friend enemy|ally enemy|teacher student|victim suspect|employer employee|praise criticise
praise criticize|praise condemn|praise blame|welcome condemn|welcome criticise|welcome reject|urge discourage
encourage discourage|delay hasten|appear disappear|increase reduce|strengthen weaken|tighten loosen|tighten ease
upgrade downgrade|wide narrow|widen narrow|optimistic pessimistic|likely unlikely|possible impossible|guilty acquit
survive die|rescue abandon|save lose|second third fourth fifth sixth seventh|weekday weekend|domestic foreign
local national international|rural urban|upstream downstream|ascend descend|maximum minimum|plus minus
temporary permanent|single married|own rent|centimetre metre kilometre mile foot inch yard
second minute hour day week month year decade century|million billion trillion thousand
gram kilogram tonne pound ounce|dollar euro crown yen peso rupee franc|litre gallon barrel|celsius fahrenheit
monthly weekly daily yearly
"""
NEGATING_PREFIXES = ("un", "in", "im", "il", "ir", "dis", "non")
# What turns a statement round.
NEGATIONS = frozenset(
    "not n't no never without neither nor none nobody nothing nowhere cannot hardly barely scarcely nicht kein keine keinen".split()
)
# Verbs that turn round the one after them: failed to win.
DENYING = frozenset("fail refus declin deni unabl stop cancel avoid prevent".split())
NOUNS_OF_TITLES = frozenset(
    """mr mrs ms dr sir lady lord prof professor president governor mayor minister prime chancellor senator secretary king queen
    prince princess pope judge justice chief captain sergeant officer director chairman chairwoman coach general colonel major
    detective sheriff commissioner representative congressman congresswoman gov sen rep lt sgt capt gen col cpl st dame
    deputy inspector superintendent spokesman spokeswoman ambassador chief executive vice editor engineer court parliament
    senate congress house department ministry council board committee police university hospital street river county
    state city church company bank inc corp ltd co group agency association union party league""".split()
)
# One root per line: the country, its people and its adjective.
PEOPLES = """
france french|britain british uk|england english|germany german|spain spanish|italy italian|greece greek|turkey turkish
china chinese|japan japanese|india indian|russia russian|ukraine ukrainian|poland polish|sweden swedish|norway norwegian
denmark danish|finland finnish|netherlands dutch|belgium belgian|switzerland swiss|austria austrian|portugal portuguese
ireland irish|scotland scottish|wales welsh|canada canadian|mexico mexican|brazil brazilian|argentina argentine
america american us usa|australia australian|zealand zealander|israel israeli|palestine palestinian|iran iranian|iraq iraqi
syria syrian|egypt egyptian|libya libyan|lebanon lebanese|afghanistan afghan|pakistan pakistani|korea korean|vietnam vietnamese
thailand thai|indonesia indonesian|philippines filipino|cuba cuban|haiti haitian|kenya kenyan|nigeria nigerian|somalia somali
africa african|europe european|asia asian|iceland icelandic|hungary hungarian|romania romanian|serbia serbian|croatia croatian
"""


# Comparatives of what has a contrary: the stemmer leaves them as they are.
COMPARED = (
    "early late high low old young long short large small big strong weak fast slow hot cold warm rich poor cheap heavy light"
    " thick thin deep wide narrow great near far quick safe easy hard dry wet full close new tall clean dirty quiet loud"
).split()


def _compared() -> dict[str, str]:
    found: dict[str, str] = {}
    for word in COMPARED:
        base = word[:-1] + "i" if word.endswith("y") else word[:-1] if word.endswith("e") else word
        doubled = word in ("big", "hot", "thin", "wet")
        base += word[-1] if doubled else ""
        found |= {f"{base}er": word, f"{base}est": word}
    return found


IRREGULAR |= _compared()


def root(word: str) -> str:
    """A word's stem, of its base form where it is irregular."""
    return stem(IRREGULAR.get(word, word), "en")


@lru_cache(maxsize=50_000)
def meaning(word: str) -> str:
    """One stem for words that mean the same."""
    own = root(word)
    return CANONICAL.get(own, own)


def _groups(table: str) -> Iterable[list[str]]:
    for line in table.replace("\n ", " ").strip().splitlines():
        for group in line.split("|"):
            yield group.split()


def _canonical() -> dict[str, str]:
    found: dict[str, str] = {}
    for group in _groups(SAME):
        roots = [root(word) for word in group]
        known = next((found[each] for each in roots if each in found), roots[0])
        for each in roots:
            found.setdefault(each, known)
    return found


CANONICAL = _canonical()


def _contraries() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for group in _groups(EXCLUSIVE):
        roots = {meaning(word) for word in group} | {root(word) for word in group}
        for word in group:
            own = {meaning(word), root(word)}
            for each in own:
                found.setdefault(each, set()).update(roots - own)
    return {word: frozenset(others) for word, others in found.items()}


CONTRARIES = _contraries()
PEOPLE_OF = {word: group[0] for group in _groups(PEOPLES) for word in (*group, f"{group[-1]}s")}
LITTLE = STOP_WORDS | frozenset(
    "much he him his she her hers they them their who whom whose which one ones only just too very really now then than so"
    " while both each every other another some any own same being having may might must shall let per via among upon"
    " within between through against into onto over under off down out up back still yet even ever again already"
    " like make made take took going go goes went get gets".split()
)


def contrary(one: str, other: str) -> bool:
    """Whether two stems exclude each other: by the table, or by a prefix that negates."""
    if other in CONTRARIES.get(one, ()):
        return True
    short, long = sorted((one, other), key=len)
    return len(short) > 3 and any(long == prefix + short for prefix in NEGATING_PREFIXES)
