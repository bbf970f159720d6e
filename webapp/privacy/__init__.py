"""Operations on all data kept on a person: export, erasure, merging, retention."""
