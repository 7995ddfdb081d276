<?php
// One lookup by the insurer's protocol; the question comes as JSON on standard input.
// PHP 8.0 or newer.
declare(strict_types=1);

const NOTHING_LOOKED_UP = ['054', '055', '100', '101', '205', '401'];

// HTTP says 200 and maKetQua the rest.
function post(string $path, string $body, string $type): array
{
    $context = stream_context_create(['http' => [
        'method' => 'POST',
        'header' => "Content-Type: $type",
        'content' => $body,
        'timeout' => 5,
    ]]);
    $answer = @file_get_contents(getenv('TRACUU_URL') . $path, false, $context);
    if ($answer === false) {
        fwrite(STDERR, "no answer\n");
        exit(1);
    }
    return json_decode($answer, true, flags: JSON_THROW_ON_ERROR);
}

$account = [
    'username' => getenv('TRACUU_GATEWAY_USERNAME'),
    'password' => strtoupper(md5(getenv('TRACUU_GATEWAY_PASSWORD'))),
];

// A token lasts until APIKey.expires_in: keep it until then.
$form = 'application/x-www-form-urlencoded';
$taken = post('/api/token/take', http_build_query($account), $form);
if ($taken['maKetQua'] !== '200') {
    fwrite(STDERR, "no token: maKetQua {$taken['maKetQua']}\n");
    exit(1);
}

// On maKetQua 401, take one new token and ask once more.
$query = http_build_query($account + [
    'token' => $taken['APIKey']['access_token'],
    'id_token' => $taken['APIKey']['id_token'],
]);
$answer = post(
    "/api/egw/KQNhanLichSuKCB2024?$query",
    file_get_contents('php://stdin'),
    'application/json; charset=utf-8',
);

echo $answer['maKetQua'], ' ', $answer['ghiChu'], "\n";
exit(in_array($answer['maKetQua'], NOTHING_LOOKED_UP, true) ? 1 : 0);
