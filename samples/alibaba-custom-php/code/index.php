<?php
// A function of Alibaba Function Compute in PHP: every request of the server comes here.

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$id = $_SERVER['HTTP_X_FC_REQUEST_ID'] ?? '-';

if ($path !== '/invoke') {
    header('Content-Type: text/plain');
    echo "Put a postcard into the bucket, under inbox/.\n";
    return;
}

$event = json_decode(file_get_contents('php://input'), true);
if (!isset($event['events'])) {
    // Reports a function error; the body is what the caller gets.
    header('x-fc-status: 404');
    echo json_encode(['errorMessage' => 'the event does not come from a bucket']);
    return;
}
$cards = [];
foreach ($event['events'] as $each) {
    $object = $each['oss']['object'];
    error_log("$id {$each['eventName']} {$object['key']}");
    $cards[] = ['key' => $object['key'], 'bytes' => $object['size']];
}
echo json_encode(['postcards' => $cards], JSON_UNESCAPED_SLASHES);
