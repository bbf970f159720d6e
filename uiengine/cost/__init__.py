"""The energy: modelled seconds of the user's time, its coefficients and the table of costs."""
