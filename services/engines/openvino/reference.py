"""The texts that a graph is checked and timed with: sentences of news, from a headline to a full chunk."""

from __future__ import annotations

SENTENCES = (
    "The central bank left its key rate unchanged at 3.25 percent on Thursday, citing slower wage growth.",
    "Rescue workers reached the last of the flooded villages after two days of heavy rain in the river's upper valley.",
    "Shares of the battery maker fell 8.4% after it cut its forecast for the year; its second plant opens late.",
    "Parliament passed the transport bill by 312 votes to 287, ending four months of negotiation over fares.",
    "The striker scored twice in the final ten minutes, and the visitors left with an unexpected draw.",
    "Researchers found that the new vaccine halved hospital stays among people over 65, in a study of 41,000.",
    "Die Ministerin kündigte an, das Förderprogramm für Wärmepumpen bis Ende 2028 zu verlängern.",
    "Le tribunal a condamné l'ancien directeur à trois ans de prison avec sursis pour détournement de fonds.",
    "La compañía abrirá doce tiendas en el norte del país y contratará a unas 1.500 personas antes de marzo.",
    "A spokesperson said: “We regret the outage, which was caused by a faulty update, and no customer data was lost.”",
    "Oil settled at $71.08 a barrel as traders weighed a tanker's delay in the strait against rising stocks in Asia.",
    "The museum, closed since 2019, reopens with 240 drawings that had been kept in a monastery for most of a century.",
)


def reference_texts() -> list[str]:
    """Sixteen texts of one to eight sentences (about 10 to 256 tokens), always the same."""
    lengths = (1, 2, 4, 6, 7, 8, 8, 8)
    doubled = SENTENCES * 2
    texts = [" ".join(doubled[start : start + length]) for start in (0, 5) for length in lengths]
    return ["Who won the election?", *texts[1:]]
