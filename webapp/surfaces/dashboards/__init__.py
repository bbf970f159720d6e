"""Pages of other tools: their files read and written, kept with the surface made of them."""
