'use strict';
/*
 * An editor by the libraries of others: KIND FOLDER PORT FILE LINE...
 *
 * KIND is `dap` (Microsoft's client for testing adapters) or `cdp` (chrome-remote-interface). It
 * tells what happens in lines of JSON: `attached`, `stopped`, `left`. While code is held it takes
 * words: `step`, `continue`, `leave`. It comes back by itself when it is told to (dap) or when
 * the debugger has gone (cdp), as editors do.
 */

const path = require('path');
const lines = require('readline').createInterface({ input: process.stdin });
const [kind, folder, port, file, ...numbers] = process.argv.slice(2);
const CONTEXT = 'context.function.name';
const AGAIN_MS = 200;

const words = [];
let wake = () => {};
lines.on('line', (word) => {
  words.push(word);
  wake();
});

async function word() {
  while (!words.length) {
    await new Promise((resolve) => (wake = resolve));
  }
  return words.shift();
}

function tell(what, more) {
  process.stdout.write(JSON.stringify(Object.assign({ what: what }, more)) + '\n');
}

/* One session after the other; each says whether there shall be a next one. */
async function main() {
  const session = { dap: dap, cdp: cdp }[kind];
  while (await session()) {
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
  tell('left');
  process.exit(0);
}

async function dap() {
  const support = path.join(folder, '@vscode/debugadapter-testsupport');
  const client = new (require(support).DebugClient)('node', '', 'debugpy');
  client.defaultTimeout = 60000;
  const over = new Promise((resolve) => client.on('terminated', (told) => resolve(told.body)));
  await client.start(Number(port));
  await client.initializeRequest();
  const ready = client.waitForEvent('initialized', 60000);
  const attached = client.attachRequest({ justMyCode: true });
  await ready;
  const stops = [];
  let stopped = () => {};
  client.on('stopped', (told) => {
    stops.push(told.body.threadId);
    stopped();
  });
  const set = await client.setBreakpointsRequest({
    source: { path: file },
    breakpoints: numbers.map((line) => ({ line: Number(line) })),
  });
  await client.configurationDoneRequest();
  await attached;
  tell('attached', { verified: set.body.breakpoints.every((each) => each.verified) });

  let ended = null;
  over.then((body) => {
    ended = body || {};
    stopped();
    // Whatever this session waits for, it is over.
    words.push('gone');
    wake();
  });
  for (;;) {
    while (!stops.length && !ended && !words.length) {
      await new Promise((resolve) => (stopped = wake = resolve));
    }
    if (ended) {
      break;
    }
    if (words.length && !stops.length) {
      if ((await word()) === 'leave') {
        await client.disconnectRequest();
        return false;
      }
      continue;
    }
    const threadId = stops.shift();
    tell('stopped', await seen(client, threadId));
    const asked = await word();
    if (asked === 'step') {
      await client.nextRequest({ threadId: threadId });
    } else if (asked === 'continue') {
      await client.continueRequest({ threadId: threadId });
    } else if (asked === 'leave') {
      await client.disconnectRequest();
      return false;
    }
  }
  words.length = 0;
  await client.stop();
  tell('ended', { restart: Boolean(ended.restart) });
  return Boolean(ended.restart);
}

async function seen(client, threadId) {
  const frames = (await client.stackTraceRequest({ threadId: threadId })).body.stackFrames;
  const scopes = (await client.scopesRequest({ frameId: frames[0].id })).body.scopes;
  const reference = { variablesReference: scopes[0].variablesReference };
  const told = (await client.variablesRequest(reference)).body.variables;
  const locals = {};
  told.forEach((each) => (locals[each.name] = each.value));
  const evaluate = async (expression) => {
    const asked = { expression: expression, frameId: frames[0].id };
    return (await client.evaluateRequest(asked)).body.result;
  };
  return {
    frames: frames.map((each) => each.name),
    line: frames[0].line,
    path: frames[0].source.path,
    locals: locals,
    context: await evaluate(CONTEXT),
    double: await evaluate('LIMIT * 2'),
  };
}

async function cdp() {
  const connect = require(path.join(folder, 'chrome-remote-interface'));
  let client;
  try {
    client = await connect({ host: '127.0.0.1', port: Number(port) });
  } catch (error) {
    return true;
  }
  const debug = client.Debugger;
  const pauses = [];
  let stopped = () => {};
  let gone = false;
  debug.paused((told) => {
    pauses.push(told.callFrames);
    stopped();
  });
  client.once('disconnect', () => {
    gone = true;
    words.push('gone');
    stopped();
    wake();
  });
  await debug.enable();
  await client.Runtime.enable();
  const pattern = '.*/code/' + path.basename(file).replace('.', '\\.') + '$';
  for (const line of numbers) {
    await debug.setBreakpointByUrl({ urlRegex: pattern, lineNumber: Number(line) - 1 });
  }
  await client.Runtime.runIfWaitingForDebugger();
  tell('attached', { verified: true });
  for (;;) {
    while (!pauses.length && !gone && !words.length) {
      await new Promise((resolve) => (stopped = wake = resolve));
    }
    if (gone) {
      break;
    }
    if (words.length && !pauses.length) {
      if ((await word()) === 'leave') {
        await client.close();
        return false;
      }
      continue;
    }
    tell('stopped', await paused(debug, client.Runtime, pauses.shift()));
    const asked = await word();
    if (asked === 'step') {
      await debug.stepOver();
    } else if (asked === 'continue') {
      await debug.resume();
    } else if (asked === 'leave') {
      await client.close();
      return false;
    }
  }
  words.length = 0;
  tell('ended', { restart: true });
  return true;
}

async function paused(debug, runtime, frames) {
  const top = frames[0];
  const scope = top.scopeChain.find((each) => each.type === 'local').object.objectId;
  const told = (await runtime.getProperties({ objectId: scope, ownProperties: true })).result;
  const locals = {};
  told.forEach((each) => (locals[each.name] = String((each.value || {}).value)));
  const evaluate = async (expression) => {
    const asked = { callFrameId: top.callFrameId, expression: expression };
    return String((await debug.evaluateOnCallFrame(asked)).result.value);
  };
  return {
    frames: frames.map((each) => each.functionName),
    line: top.location.lineNumber + 1,
    path: file,
    locals: locals,
    context: await evaluate(CONTEXT),
    double: await evaluate('LIMIT * 2'),
  };
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
