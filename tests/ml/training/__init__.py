"""Tests of ml.training."""
