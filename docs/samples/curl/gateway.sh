#!/bin/sh
# One lookup by the insurer's protocol; the question comes as JSON on standard input.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
password=$(printf %s "$TRACUU_GATEWAY_PASSWORD" | md5sum | cut -c1-32 | tr a-f A-F)

# Ask as the file says: arguments can be read by every user of the machine.
call() {
    curl --silent --show-error --fail --max-time 5 \
        --config "$folder/config" --output "$folder/answer"
}
field() {
    sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$folder/answer"
}

cat >"$folder/config" <<END
url = "$TRACUU_URL/api/token/take"
data-urlencode = "username=$TRACUU_GATEWAY_USERNAME"
data-urlencode = "password=$password"
END
call
if [ "$(field maKetQua)" != 200 ]; then
    echo "no token: maKetQua $(field maKetQua)" >&2
    exit 1
fi

# A token lasts 10 minutes: a program keeps it until APIKey.expires_in.
cat >"$folder/config" <<END
url = "$TRACUU_URL/api/egw/KQNhanLichSuKCB2024"
url-query = "token=$(field access_token)"
url-query = "id_token=$(field id_token)"
url-query = "username=$TRACUU_GATEWAY_USERNAME"
url-query = "password=$password"
header = "Content-Type: application/json"
data-binary = "@-"
END
call
cat "$folder/answer"
echo
case $(field maKetQua) in
    054 | 055 | 100 | 101 | 205 | 401) exit 1 ;; # nothing was looked up
esac
