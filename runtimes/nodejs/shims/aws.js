'use strict';
/*
 * How AWS Lambda calls a Node.js handler (contract aws-lambda, sections 2.2, 8 and 9).
 *
 * Loaded by ../bootstrap.js; the syntax of Node.js 4. What a handler may do depends on the
 * runtime's id (`nodejs20.x`), not on the Node.js that happens to run it.
 */

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const util = require('util');

const modules = require('./modules.js');
const stacks = require('./stacks.js');
const streaming = require('./aws-streaming.js');

// From this version on handlers that take a callback are refused.
const NO_CALLBACK_SINCE = 24;
// From this version on ES modules are loaded, and from the next `.cjs` is looked for.
const MODULES_SINCE = 14;
// A debugger stops the clock; then code is told that much time is left.
const NO_LIMIT_MS = 900000;
// From talkative to quiet, and which of them the functions of `console` speak on.
const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const SPEAKERS = {
  trace: 'TRACE',
  debug: 'DEBUG',
  log: 'INFO',
  info: 'INFO',
  warn: 'WARN',
  error: 'ERROR',
};
// How the platform words these is unverified.
const NEVER_SETTLED = 'The handler returned a promise that can never settle: nothing is left to do';
const CALLBACK_REFUSED = 'Handlers that take a callback are not supported since Node.js 24: ' +
  'return a promise, or write an async function.';
// What the cloud's own images bring along, by the first version of Node.js that no longer has it.
const OWN_SDKS = [[/^aws-sdk(?:\/|$)/, 0, 18], [/^@(?:aws-sdk|smithy)\//, 18, Infinity]];

const soon = setImmediate;
let init = null;
let host = null;
let version = 0;
let requestId;
let stream = '';

// --- the place ------------------------------------------------------------------------------

/** Make the process look as the platform makes it before user code is loaded. */
function prepare(header, tools) {
  init = header;
  host = tools;
  stacks.begin(init, host.runtimeFolder);
  version = Number(/\d+/.exec(init.runtime.replace(/^nodejs$/, 'nodejs0'))[0]);
  stream = new Date().toISOString().slice(0, 10).replace(/-/g, '/') +
    '/[' + init.context.function_version + ']' + crypto.randomBytes(16).toString('hex');
  process.env.AWS_LAMBDA_LOG_STREAM_NAME = stream;
  Object.assign(console, speakers());
  if (!process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA) {
    global.awslambda = streaming.tools;
  }
}

function logsJson() {
  return process.env.AWS_LAMBDA_LOG_FORMAT === 'JSON';
}

function currentId() {
  return host.currentCall() || requestId;
}

/** Return functions that print as the platform logs (sections 8.1 and 8.2). */
function speakers() {
  const made = {};
  const least = logsJson() ? LEVELS.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL || 'TRACE') : 0;
  for (const name of Object.keys(SPEAKERS)) {
    const level = SPEAKERS[name];
    made[name] = function speak() {
      if (LEVELS.indexOf(level) < least) {
        return;
      }
      const values = Array.prototype.slice.call(arguments);
      if (name === 'trace') {
        values.push(stackOfCaller(speak));
      }
      log(level, values);
    };
  }
  return made;
}

function stackOfCaller(speak) {
  const here = {};
  Error.captureStackTrace(here, speak);
  return '\n' + stacks.stackOf({ stack: here.stack }).slice(1).join('\n');
}

/** Print `2025-11-24T10:16:05.123Z<tab><request id><tab>INFO<tab>text`, or one JSON object. */
function log(level, values) {
  const moment = new Date().toISOString();
  if (!logsJson()) {
    const text = util.format.apply(util, values);
    host.print(moment + '\t' + currentId() + '\t' + level + '\t' + text + '\n');
    return;
  }
  const told = { timestamp: moment, level: level, requestId: currentId() };
  const error = values.find((each) => each instanceof Error);
  const only = values.length === 1 && !error ? values[0] : undefined;
  told.message = only === undefined ? util.format.apply(util, values) : only;
  if (error) {
    told.errorType = error.name;
    told.errorMessage = stacks.messageOf(error);
    told.stackTrace = stacks.stackOf(error);
  }
  host.print(json(told) + '\n');
}

function json(value) {
  try {
    return JSON.stringify(value);
  } catch (error) {
    return JSON.stringify(Object.assign({}, value, { message: util.inspect(value.message) }));
  }
}

// --- the context ----------------------------------------------------------------------------

/** Return the context of one invocation, and let log lines carry its id. */
function makeContext(header) {
  const told = header.context;
  requestId = told.request_id;
  process.env._X_AMZN_TRACE_ID = told.trace_id;
  const context = {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: told.function_version,
    functionName: told.function_name,
    memoryLimitInMB: String(told.memory_mb),
    logGroupName: told.log_group,
    logStreamName: stream,
    clientContext: told.client_context === null ? undefined : told.client_context,
    identity: undefined,
    invokedFunctionArn: told.function_arn,
    awsRequestId: told.request_id,
    tenantId: told.tenant_id === null ? undefined : told.tenant_id,
    getRemainingTimeInMillis: () =>
      header.deadline_ms ? Math.max(0, header.deadline_ms - Date.now()) : NO_LIMIT_MS,
  };
  return context;
}

// --- the handler ----------------------------------------------------------------------------

/** Give `done` the function that `name` means, or the failure as the platform words it. */
function loadHandler(name, done) {
  const failed = (error) => {
    log('ERROR', ['Uncaught Exception \t' + JSON.stringify(toldOf(error.told))]);
    done(error);
  };
  requestId = undefined;
  const slash = name.lastIndexOf('/') + 1;
  const parts = /^([^.]*)\.(.*)$/.exec(name.slice(slash));
  if (name.indexOf('..') >= 0 || !parts || !parts[1] || !parts[2]) {
    const advice = 'A handler is written `file.export`, such as `app.handler`.';
    failed(broken('handler-missing', 'MalformedHandlerName', 'Bad handler', advice));
    return;
  }
  loadModule(name.slice(0, slash) + parts[1], (error, loaded) => {
    const found = error ? undefined : member(loaded, parts[2]);
    if (typeof found === 'function' && !error) {
      const refusal = refused(found);
      refusal ? failed(refusal) : done(null, found);
      return;
    }
    failed(error || missing(name, parts[2], loaded, found));
  });
}

function member(loaded, dotted) {
  return dotted.split('.').reduce(
    (found, each) => (found === null || found === undefined ? undefined : found[each]), loaded
  );
}

function missing(name, wanted, loaded, found) {
  const how = found === undefined ? ' is undefined or not exported' : ' is not a function';
  return broken('handler-missing', 'HandlerNotFound', name + how, adviseExport(loaded, wanted));
}

function adviseExport(loaded, wanted) {
  const given = loaded && loaded.default;
  if (typeof given !== 'function' && typeof member(given, wanted) !== 'function') {
    return '';
  }
  return 'It is exported as `default`; the platform wants `export const ' + wanted + ' = …`.';
}

/** Return the failure of a handler that takes what this runtime no longer gives. */
function refused(handler) {
  if (version < NO_CALLBACK_SINCE || handler.length < 3 || streaming.kindOf(handler)) {
    return null;
  }
  return broken('handler-missing', 'CallbackHandlerDeprecated', CALLBACK_REFUSED, '');
}

function loadModule(file, done) {
  const found = findModule(path.resolve(init.code, file));
  if (!found) {
    const message = "Error: Cannot find module '" + path.basename(file) + "'\nRequire stack:\n" +
      '- /var/runtime/index.mjs';
    done(broken('import-failed', 'ImportModuleError', message, adviseFile(file)));
    return;
  }
  const failed = (error) => done(describeLoading(error));
  if (isEsModule(found)) {
    modules.load(found).then((loaded) => done(null, loaded), failed);
    return;
  }
  let loaded;
  try {
    loaded = require(found);
  } catch (error) {
    failed(error);
    return;
  }
  done(null, loaded);
}

function findModule(start) {
  const endings = version < MODULES_SINCE ? ['', '.js'] : ['', '.js', '.mjs', '.cjs'];
  const isFile = (each) => {
    try {
      return fs.statSync(start + each).isFile();
    } catch (error) {
      return false;
    }
  };
  const found = endings.find(isFile);
  return found === undefined ? undefined : start + found;
}

/** Return whether the platform would load a file with `import`. */
function isEsModule(file) {
  if (version < MODULES_SINCE || file.endsWith('.cjs')) {
    return false;
  }
  return file.endsWith('.mjs') || modules.packageType(path.dirname(file)) === 'module';
}

function adviseFile(file) {
  if (fs.existsSync(path.resolve(init.code, file + '.ts'))) {
    return 'There is `' + file + '.ts`: compile it, and name the folder of the output as code.';
  }
  return 'There is no `' + file + '.js` in the function\'s code folder; a handler is written ' +
    '`file.export`, such as `app.handler`.';
}

/** Give `done` the bytes that the handler answers. */
function runHandler(handler, payload, header, done) {
  const context = makeContext(header);
  let event;
  try {
    event = JSON.parse(payload.toString() || '{}');
  } catch (error) {
    done(unhandled(error));
    return;
  }
  if (streaming.kindOf(handler)) {
    const part = header.streams ? (told, body) => host.part(header, told, body) : null;
    streaming.run(handler, event, context, host, done, unhandled, part);
    return;
  }
  call(handler, event, context, (error, answer) => {
    if (error) {
      done(unhandled(error.reason));
      return;
    }
    let text;
    try {
      text = JSON.stringify(answer === undefined ? null : answer);
    } catch (unsendable) {
      const told = describe(new Error('Unable to stringify response body'));
      done(new host.Broken(Object.assign(told, { failure: 'bad-reply', stack: [] })));
      return;
    }
    done(null, Buffer.from(text === undefined ? 'null' : text));
  });
}

/** Do nothing: Lambda has no hooks. */
function runHook(_handler, _told, done) {
  done(null);
}

/**
 * Call user code and give `done` what it answers: by its promise, through the callback, or through
 * the context. Errors come as `{reason}`, as a reason may be anything.
 */
function call(handler, event, context, done) {
  let settled = false;
  let stop = () => {};
  const settle = (error, answer) => {
    if (!settled) {
      settled = true;
      stop();
      done(error, answer);
    }
  };
  const atOnce = (error, answer) => soon(() => settle(error, answer));
  let called = false;
  const callback = (error, answer) => {
    const failed = error === null || error === undefined ? null : { reason: error };
    if (called || settled) {
      return;
    }
    called = true;
    if (!context.callbackWaitsForEmptyEventLoop || isShared()) {
      // What is printed after the callback in the same breath still belongs to this call.
      atOnce(failed, answer);
      return;
    }
    stop();
    stop = host.whenIdle(() => settle(failed, answer));
  };
  if (version < NO_CALLBACK_SINCE) {
    context.succeed = (answer) => atOnce(null, answer);
    context.fail = (error) => atOnce({ reason: error });
    context.done = (error, answer) =>
      error === null || error === undefined ? context.succeed(answer) : context.fail(error);
  }
  let value;
  try {
    value = version < NO_CALLBACK_SINCE ? handler(event, context, callback) : handler(event, context);
  } catch (error) {
    settle({ reason: error });
    return;
  }
  if (value && typeof value.then === 'function') {
    stop = isShared() ? stop : host.whenIdle(() => settle({ reason: neverSettled() }));
    value.then((answer) => settle(null, answer), (error) => settle({ reason: error }));
  } else if (version >= NO_CALLBACK_SINCE) {
    settle(null, value);
  } else if (!called && !settled && !isShared()) {
    stop = host.whenIdle(() => settle(null, null));
  }
}

/** Return whether other calls run beside: then nobody knows for whom the process idles. */
function isShared() {
  return init.concurrency > 1;
}

// --- failures -------------------------------------------------------------------------------

function neverSettled() {
  const error = new Error(NEVER_SETTLED);
  error.name = 'Runtime.NodeJsExit';
  error.stack = '';
  return error;
}

function broken(failure, type, message, advice) {
  const kind = 'Runtime.' + type;
  return new host.Broken({
    failure: failure,
    type: kind,
    message: message,
    stack: [kind + ': ' + message.split('\n')[0]].concat(message.split('\n').slice(1)),
    advice: advice,
  });
}

/** Return the failure of a handler, after printing it as the platform does. */
function unhandled(error) {
  const told = describe(error);
  log('ERROR', ['Invoke Error \t' + JSON.stringify(toldOf(told))]);
  return new host.Broken(told);
}

/** Return an error as log lines have it. */
function toldOf(told) {
  return { errorType: told.type, errorMessage: told.message, stack: told.stack };
}

/** Return the failure frame of an exception (section 9). */
function describe(error) {
  const isError = error instanceof Error || Boolean(error && error.stack && error.message);
  if (!isError) {
    return {
      failure: 'handler-raised',
      type: typeof error,
      message: textOf(error),
      stack: [],
      advice: '',
    };
  }
  return {
    failure: 'handler-raised',
    type: String(error.name),
    message: stacks.messageOf(error),
    stack: error.stack ? stacks.stackOf(error) : [],
    advice: adviseDependency(error),
  };
}

function textOf(value) {
  try {
    return String(value);
  } catch (error) {
    return util.inspect(value);
  }
}

/** Return what a promise that nobody handled was rejected with, as the platform names it. */
function rejection(reason) {
  const error = new Error(textOf(reason));
  error.name = 'Runtime.UnhandledPromiseRejection';
  error.stack = reason instanceof Error ? error.name + ': ' + reason.stack : '';
  return unhandled(error);
}

/** Return the failure of code that cannot be loaded. */
function describeLoading(error) {
  const told = describe(error);
  const kind = error instanceof SyntaxError ? 'UserCodeSyntaxError' : importErrorOf(error);
  if (kind) {
    told.type = 'Runtime.' + kind;
    told.message = (error.name || 'Error') + ': ' + told.message;
    told.stack = traceOf(told);
    told.advice = told.advice || adviseSyntax(error);
  }
  told.failure = 'import-failed';
  return new host.Broken(told);
}

/** Tell where the platform itself does not. */
function adviseSyntax(error) {
  const place = /^(?:file:\/\/)?(\/.+):(\d+)\n/.exec(String(error.stack));
  return place ? 'See line ' + place[2] + ' of `' + stacks.shown(place[1]) + '`.' : '';
}

/** Return a stack that begins with the platform's own words. */
function traceOf(told) {
  const frames = told.stack.filter((line) => /^ +at /.test(line));
  return (told.type + ': ' + told.message).split('\n').concat(frames);
}

function importErrorOf(error) {
  const code = String((error && error.code) || '');
  return /MODULE_NOT_FOUND$/.test(code) ? 'ImportModuleError' : '';
}

/** Advise on a package that was not found, now or in the middle of a call. */
function adviseDependency(error) {
  const found = /^Cannot find (?:module|package) '([^./'][^']*)'/.exec(error.message);
  if (!found || !importErrorOf(error)) {
    return '';
  }
  const wanted = found[1];
  const name = wanted.split('/').slice(0, wanted[0] === '@' ? 2 : 1).join('/');
  const own = OWN_SDKS.some((each) => each[0].test(wanted) && version >= each[1] && version < each[2]);
  if (own) {
    return '`' + name + '` is a part of the cloud\'s own image, but not of this machine: name it in ' +
      'package.json, and `localfn install` puts it beside the code.';
  }
  return '`' + name + '` is neither beside the code nor in a layer; `localfn install` puts it there.';
}

module.exports = {
  prepare: prepare,
  loadHandler: loadHandler,
  runHandler: runHandler,
  runHook: runHook,
  describe: describe,
  rejection: rejection,
  survivesRejections: () => false,
};
