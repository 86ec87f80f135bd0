"""Reading web pages: page gathers, facts and dates elect, story reads, gate judges."""
