'use strict';
/* chrome-remote-interface, a client of the inspector that is not ours: FOLDER PORT PATTERN LINE */

const path = require('path');
const [folder, port, pattern, line] = process.argv.slice(2);
const connect = require(path.join(folder, 'chrome-remote-interface'));

async function main() {
  const client = await connect({ host: '127.0.0.1', port: Number(port) });
  const debug = client.Debugger;
  const pauses = [];
  let wake = () => {};
  debug.paused((told) => {
    pauses.push(told);
    wake();
  });
  const paused = async () => {
    while (!pauses.length) {
      await new Promise((resolve) => (wake = resolve));
    }
    return pauses.shift();
  };
  await debug.enable();
  await client.Runtime.enable();
  await debug.setBreakpointByUrl({ urlRegex: pattern, lineNumber: Number(line) - 1 });
  await client.Runtime.runIfWaitingForDebugger();

  const frame = (await paused()).callFrames[0];
  const evaluate = async (expression) => {
    const callFrameId = frame.callFrameId;
    const told = await debug.evaluateOnCallFrame({ callFrameId, expression });
    return told.result.value;
  };
  const seen = [frame.functionName, frame.location.lineNumber + 1];
  seen.push(await evaluate('key'), await evaluate('context.function.name'));
  seen.push(await evaluate('LIMIT * 2'));
  await debug.stepOver();
  const next = (await paused()).callFrames[0];
  seen.push(next.location.lineNumber + 1);
  console.log(seen.join('\n'));
  await debug.resume();
  await client.close();
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  }
);
