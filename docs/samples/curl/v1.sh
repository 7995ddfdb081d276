#!/bin/sh
# One lookup by /v1; the question comes as JSON on standard input.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# In a file, for arguments can be read by every user of the machine.
cat >"$folder/config" <<END
url = "$TRACUU_URL/v1/lookups"
header = "Authorization: Bearer $TRACUU_API_KEY"
header = "Content-Type: application/json"
data-binary = "@-"
END

status=$(curl --silent --show-error --max-time 5 --config "$folder/config" \
    --output "$folder/answer" --write-out '%{http_code}')
cat "$folder/answer"
echo
# 200 is an answer, also when it is a no; anything else is a problem.
test "$status" = 200
