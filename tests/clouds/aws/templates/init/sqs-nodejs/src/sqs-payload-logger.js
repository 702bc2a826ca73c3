exports.sqsPayloadLoggerHandler = async (event) => ({
  queue: event.Records[0].eventSourceARN,
  batchItemFailures: event.Records.slice(1).map((each) => ({ itemIdentifier: each.messageId })),
});
