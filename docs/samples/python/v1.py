"""One lookup by /v1; the question comes as JSON on standard input."""

import json
import os
import sys
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen


def look_up(question: bytes) -> dict:
    """Ask; every "no" is an answer, too."""
    request = Request(
        os.environ["TRACUU_URL"] + "/v1/lookups",
        data=question,
        headers={
            "Authorization": "Bearer " + os.environ["TRACUU_API_KEY"],
            "Content-Type": "application/json",
        },
    )
    with urlopen(request, timeout=5) as response:
        return json.load(response)


try:
    answer = look_up(sys.stdin.buffer.read())
except HTTPError as error:
    problem = json.load(error)
    sys.exit(f"{problem['code']}: {problem['detail']}\n→ {problem['action']['vi']}")
except (URLError, TimeoutError) as error:
    sys.exit(f"no answer: {error}")

result, coverage = answer["result"], answer["coverage"]
print(result["code"], result["text"]["vi"])
print("→", result["next_step"]["vi"])
if coverage and coverage["card"]:
    print(coverage["card"]["card_number"], coverage["card"]["valid_to"])
