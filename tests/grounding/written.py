"""Claims written by hand about articles of the demo pack, as a language model would sum them up: freer than any rule's."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from services.demo.pack import ARTICLE, FOLDER, OUTLETS

WRITTEN: dict[str, dict[str, tuple[str, ...]]] = {
    "halverncourier/correction-river-peak": {
        "true": (
            "The Halvern Courier corrected its report: the river peaked at 6.94 metres at Ostmere, not 7.12 metres.",
            "The reporter had relied on a staff gauge whose zero mark sat 18 cm too low.",
            "The flood is still the highest on record, beating the previous mark of 6.81 metres by 13 centimetres.",
            "Three readers contacted the newspaper about the mistake.",
            "According to the Water Board, the gauge's zero mark was misplaced when the bridge was painted two years earlier.",
        ),
        "false": (
            "The highest level measured at Ostmere was 7.12 metres, and the earlier report was right.",
            "The official register at the lock gave the wrong figure.",
            "The previous record was passed by 31 centimetres.",
            "The Water Board will remove the article from its site this week.",
            "The flood was not the highest on record.",
        ),
    },
    "brennholtlantern/kettle-bridge-closed": {
        "true": (
            "Kettle Bridge was shut to all traffic after an ultrasonic test revealed a 34-centimetre crack in its main girder.",
            "Roughly 14,000 vehicles cross the bridge daily, according to city engineer Leonie Tranter's office.",
            "Repairs are expected to take six weeks and cost 4.2 million crowns.",
            "Pedestrians are banned from the bridge as well.",
            "Drivers have to take the northern ring road instead.",
            "Ambulances serving the East Bank will be based at the old fire house.",
        ),
        "false": (
            "Repairs are expected to last four weeks and cost 6.2 million crowns.",
            "Pedestrians may still cross the bridge.",
            "Mayor Leonie Tranter asked the people of Brennholt for patience.",
            "The crack was found in the downstream girder.",
            "About 14,000 pedestrians use the bridge each day.",
            "The northern ring road has been closed to all traffic.",
        ),
    },
    "coastandharbour/fennick-pays-24-million": {
        "true": (
            "Fennick Packaging is paying 24.5 million crowns for Ostmere Mill, papers filed with the company register show.",
            "Of the price, 22 million crowns go to the foundation that owned the mill, while 2.5 million cover debts to suppliers.",
            "The company plans to invest 44 million crowns in machine two.",
            "The region is lending 12 million crowns and two banks are providing the rest.",
            "Rowena Tasker, the chief executive, expects freight savings of 9 million crowns per year.",
            "Fennick has promised to keep 310 jobs for five years.",
        ),
        "false": (
            "The foundation pays 24.5 million crowns to Fennick Packaging for the mill.",
            "Of the price, 2.5 million crowns go to the foundation, while 22 million cover debts to suppliers.",
            "The market found the price too high.",
            "Fennick has promised to cut 310 jobs within five years.",
            "The region is lending 44 million crowns.",
            "Fennick acquires the mill for 24.5 billion crowns.",
        ),
    },
    "tolmerecord/640-out-of-their-homes": {
        "true": (
            "The river has peaked: at Ostmere the water reached 6.94 metres at 4 a.m. and has since gone down.",
            "In Skarrow, 640 people have had to leave their homes.",
            "A 71-year-old farmer who had been missing was found dead in the meadows.",
            "Around half of the evacuees are staying with relatives.",
            "Fire chief Petra Odland expects the pumps to operate for eight days.",
            "The breach in the dyke was sealed with sheet piles at noon, sooner than planned.",
        ),
        "false": (
            "The river has not yet passed its peak.",
            "In Ostmere, 640 people have had to leave their homes.",
            "Two people are known to have died in the flood.",
            "The gap in the dyke was closed at noon, later than planned.",
            "The missing man, 71, was found alive in the meadows.",
            "The pumps move 8,000 cubic metres an hour and are expected to run for three days.",
        ),
    },
    "northgatewire/flood-damage-31-million": {
        "true": (
            "Insured damage from the flood has climbed to 31m crowns, up from a first estimate of 18 million.",
            "The biggest single claim, 4.3 million crowns, was made by the furniture works on Mill Street.",
            "Oil that leaked from heating tanks in 85 houses is the main reason for the rise, insurers say.",
            "The association has pledged to settle every claim within six weeks.",
            "Uninsured losses, which the town puts at a further 14 million crowns, are not included.",
        ),
        "false": (
            "Insured damage from the flood has fallen from 31 million to 18 million crowns.",
            "The main reason for the increase is damage to cars, insurers say.",
            "Uninsured losses of 14 million crowns are included in the sum.",
            "The insurers have paid out 31 million crowns so far.",
            "In 612 houses heating tanks tore loose.",
        ),
    },
    "northgatewire/dyke-breach-skarrow": {
        "true": (
            "About 300 residents were taken to safety after a dyke on the Tolme gave way at Skarrow early in the morning.",
            "One man, 71, is missing; he lived by himself at the edge of the meadows.",
            "The dyke failed at 3.20 a.m. along some 40 metres in section 14.",
            "Helicopters started dropping sacks of stones into the breach at dawn.",
            "Closing the gap will take two days or more, the Tolme Water Board said.",
        ),
        "false": (
            "The dyke broke in section 40, over a length of 14 metres.",
            "Nobody is missing after the dyke broke.",
            "Fire chief Corin Aldhouse said that people had been woken in time.",
            "Closing the gap will take less than two days, the Water Board said.",
            "Helicopters brought about 300 people to safety.",
        ),
    },
    "tolmerecord/mill-saved-310-jobs": {
        "true": (
            "Ostmere Mill has been sold to Fennick Packaging for 22 million crowns, saving 310 of 410 jobs.",
            "Fennick had initially offered to keep only 260 jobs.",
            "The region made its 12 million crown loan conditional on at least 300 jobs.",
            "A hundred employees are leaving and will receive a month's wages for every year of service.",
            "Machine two is to be converted to cardboard production within 14 months.",
        ),
        "false": (
            "Ostmere Mill has been sold for 12 million crowns.",
            "All 410 workers will keep their jobs.",
            "Machine one will be rebuilt for cardboard within 14 months.",
            "The number of jobs is lower than Fennick had offered at first.",
            "Magda Pellworth, the chief executive, said two more shifts were needed.",
        ),
    },
}


def written() -> list[dict[str, Any]]:
    """The claims, each about its whole article."""
    made = []
    for place, groups in WRITTEN.items():
        match = ARTICLE.match((FOLDER / "articles" / f"{place}.md").read_text(encoding="utf-8"))
        assert match is not None
        outlet = OUTLETS[place.split("/")[0]]
        title = re.search(r"title: (.*)", match[1])
        assert title is not None
        about = f"{title[1]} - {outlet}"
        passage = {"text": match[2].strip(), "published_at": date(2026, 11, 10).isoformat(), "title": about}
        for kind, sentences in groups.items():
            for sentence in sentences:
                made.append(
                    {
                        "sentence": sentence,
                        "passages": [passage],
                        "supported": kind == "true",
                        "kind": f"written {kind}",
                    }
                )
    return made
