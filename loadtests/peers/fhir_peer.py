"""The FHIR search by fhirstarter, over the same database.

``python -m loadtests.peers.fhir_peer --port P`` answers, without a key::

    POST /Patient/_search
    Content-Type: application/x-www-form-urlencoded

    identifier=CITIZEN_ID&birthdate=YYYY-MM-DD

with what ours answers to the same form at ``POST /fhir/Patient/_search``: a searchset
with the Patient whose number and birth date fit, and an OperationOutcome with the
result code. It is the one pair that can be compared: fhirstarter knows searches and
resources by id, and no CoverageEligibilityRequest that is answered by a response.

Both judge the claim by the same rules. This one has no cache, no metrics and no audit,
and reads the database for every search: the measure beside it is our miss.

The content type must be exactly the one above. A ``name`` is read too, but only
without accents: fhirstarter 4.2 fails on a posted form that is not ASCII.
"""

import os

import click

from loadtests.peers.serving import serve, variable

APP = "loadtests.peers.fhir_app:make_app"
"""Imported once the version is set: fhirstarter reads that when it is imported."""


@click.command()
@click.option("--port", type=int, required=True, help="0 for any that is free.")
def main(*, port: int) -> None:
    """Answer searches until told to end."""
    variable("TRACUU_DATABASE_URL")
    os.environ["FHIR_SEQUENCE"] = "R4B"
    serve(APP, port, is_factory=True)


if __name__ == "__main__":
    main()
