"""The demo pack: two weeks of news from a region that does not exist, to look around with."""
