"""How a crawler behaves: robots.txt, pace, rests, and what publishers reserve. Pure rules."""
