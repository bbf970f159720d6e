"""The page: surface, its JSON, reading orders, and packing into a grid."""
