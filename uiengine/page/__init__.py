"""The page: its surface, the surface's JSON, reading orders, and packing into a grid."""
