"""Pages for the people whose page is arranged: what decides, and how accessible it is."""
