"""A host that has not included our addresses."""

urlpatterns: list[object] = []
