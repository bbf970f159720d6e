"""A host project that sets otherwise whatever a host may, and all that README promises in it."""
