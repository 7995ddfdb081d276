"""Forms as browsers and FHIR clients send them, read strictly."""

from urllib.parse import parse_qsl

from lookup.errors import Fault, InvalidRequestError

FORM = "application/x-www-form-urlencoded"

FIELDS_MAX = 50
"""Most fields of a form."""


def read_form(body: bytes) -> list[tuple[str, str]]:
    """Read a form into names and texts, in order; a name may be there again.

    Raises:
        InvalidRequestError: It has too many fields or is not UTF-8.
    """
    try:
        return parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=FIELDS_MAX,
            errors="strict",
        )
    except UnicodeDecodeError:
        raise InvalidRequestError(Fault("", "is no form in UTF-8")) from None
    except ValueError:
        raise InvalidRequestError(Fault("", "has too many fields")) from None
