'use strict';
// Writes its answer to a stream, with and without a status.
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('one ');
  await new Promise((resolve) => setTimeout(resolve, 10));
  stream.end('two');
});

exports.http = awslambda.streamifyResponse(async (event, stream) => {
  const answer = awslambda.HttpResponseStream.from(stream, { statusCode: 201 });
  answer.write('made');
  answer.end();
});

exports.fail = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('half');
  throw new Error('something is wrong');
});
