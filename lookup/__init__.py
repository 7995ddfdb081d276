"""Tracuu (tra cứu, "to look up"): what a hospital may know of a patient by ID."""
