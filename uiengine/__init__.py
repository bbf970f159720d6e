"""The engine: profiles in, layouts out. A pure function of values; see the README beside this."""
