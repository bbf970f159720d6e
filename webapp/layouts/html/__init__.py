"""Renders the arranged page as HTML: the element and the CSS of its grid."""
