"""The energy: modelled seconds of the user's time, with its coefficients and the cost matrix."""
