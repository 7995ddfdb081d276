<?php
// One lookup by /v1; the question comes as JSON on standard input. PHP 8.0 or newer.
declare(strict_types=1);

$context = stream_context_create(['http' => [
    'method' => 'POST',
    'header' => [
        'Authorization: Bearer ' . getenv('TRACUU_API_KEY'),
        'Content-Type: application/json',
    ],
    'content' => file_get_contents('php://stdin'),
    'timeout' => 5,
    'ignore_errors' => true, // a problem has a body, too
]]);
$body = @file_get_contents(getenv('TRACUU_URL') . '/v1/lookups', false, $context);
if ($body === false) {
    fwrite(STDERR, "no answer\n");
    exit(1);
}

$answer = json_decode($body, true, flags: JSON_THROW_ON_ERROR);
if (!isset($answer['result'])) {
    fwrite(STDERR, "{$answer['code']}: {$answer['detail']}\n→ {$answer['action']['vi']}\n");
    exit(1);
}

// Every "no" is an answer, too.
echo $answer['result']['code'], ' ', $answer['result']['text']['vi'], "\n";
echo '→ ', $answer['result']['next_step']['vi'], "\n";
$card = $answer['coverage']['card'] ?? null;
if ($card !== null) {
    echo $card['card_number'], ' ', $card['valid_to'], "\n";
}
