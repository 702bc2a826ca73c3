'use strict';
/*
 * What an editor does for TypeScript, by other people's libraries: FOLDER PORT SCRIPT LINE.
 *
 * Reads the script's map, sets a breakpoint where a line of the source has gone, and prints where
 * it stops, by the map that the debugger names: source, line, and a local.
 */

const fs = require('fs');
const path = require('path');
const url = require('url');
const [folder, port, script, line] = process.argv.slice(2);
const connect = require(path.join(folder, 'chrome-remote-interface'));
const { SourceMapConsumer } = require(path.join(folder, 'source-map-js'));

function read(place) {
  return new SourceMapConsumer(JSON.parse(fs.readFileSync(place, 'utf8')));
}

async function main() {
  const client = await connect({ host: '127.0.0.1', port: Number(port) });
  const debug = client.Debugger;
  const scripts = {};
  debug.scriptParsed((told) => (scripts[told.scriptId] = told));
  const paused = new Promise((resolve) => debug.paused((told) => resolve(told.callFrames[0])));
  await debug.enable();
  await client.Runtime.enable();
  const source = { source: 'index.ts', line: Number(line), column: 2 };
  const made = read(script + '.map').generatedPositionFor(source);
  await debug.setBreakpointByUrl({
    urlRegex: '.*/code/' + path.basename(script).replace('.', '\\.') + '$',
    lineNumber: made.line - 1,
  });
  await client.Runtime.runIfWaitingForDebugger();
  const frame = await paused;
  const told = scripts[frame.location.scriptId];
  const map = read(url.fileURLToPath(new URL(told.sourceMapURL, told.url)));
  const at = map.originalPositionFor({
    line: frame.location.lineNumber + 1,
    column: frame.location.columnNumber,
  });
  const asked = { callFrameId: frame.callFrameId, expression: 'order.total' };
  const total = (await debug.evaluateOnCallFrame(asked)).result.value;
  console.log([at.source, at.line, total].join('\n'));
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
