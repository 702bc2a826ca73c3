'use strict';
/* Microsoft's own client for testing adapters: FOLDER PORT FILE LINE */

const path = require('path');
const [folder, port, file, line] = process.argv.slice(2);
const support = path.join(folder, '@vscode/debugadapter-testsupport');
const DebugClient = require(support).DebugClient;

async function main() {
  const client = new DebugClient('node', '', 'debugpy');
  await client.start(Number(port));
  await client.initializeRequest();
  const attached = client.attachRequest({ justMyCode: true });
  await client.waitForEvent('initialized');
  const set = await client.setBreakpointsRequest({
    source: { path: file },
    breakpoints: [{ line: Number(line) }],
  });
  if (!set.body.breakpoints[0].verified) {
    throw new Error('the breakpoint is not verified');
  }
  const stopped = client.waitForEvent('stopped');
  await client.configurationDoneRequest();
  await attached;
  const threadId = (await stopped).body.threadId;
  const frame = (await client.stackTraceRequest({ threadId: threadId })).body.stackFrames[0];
  const scopes = (await client.scopesRequest({ frameId: frame.id })).body.scopes;
  const told = await client.variablesRequest({
    variablesReference: scopes[0].variablesReference,
  });
  const key = told.body.variables.find((each) => each.name === 'key').value;
  const double = await client.evaluateRequest({ expression: 'LIMIT * 2', frameId: frame.id });
  console.log([frame.name, frame.line, key, double.body.result].join('\n'));
  const over = client.waitForEvent('terminated');
  await client.continueRequest({ threadId: threadId });
  await over;
  await client.disconnectRequest();
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  }
);
