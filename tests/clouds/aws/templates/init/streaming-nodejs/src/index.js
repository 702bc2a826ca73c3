exports.handler = awslambda.streamifyResponse(async (event, responseStream) => {
  const stream = awslambda.HttpResponseStream.from(responseStream, {
    statusCode: 200,
    headers: { 'Content-Type': 'text/plain', 'X-Path': event.rawPath },
  });
  stream.write('first,');
  stream.write('last');
  stream.end();
});
