"""FHIR R4 (4.0.1): the dialect of health systems outside the insurer's gateway."""
