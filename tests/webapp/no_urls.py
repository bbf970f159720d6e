"""Addresses of a host project that has not included ours."""

urlpatterns: list[object] = []
