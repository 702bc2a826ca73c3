'use strict';
/*
 * How Alibaba Function Compute calls a Node.js handler (contract alibaba-fc, sections 2.2, 8, 9).
 *
 * Loaded by ../bootstrap.js; the syntax of Node.js 4. What a handler may do depends on the
 * runtime's id (`nodejs14`), not on the Node.js that happens to run it.
 */

const fs = require('fs');
const path = require('path');
const util = require('util');

const modules = require('./modules.js');
const stacks = require('./stacks.js');

// From this version on the value of an async handler is the answer, and ES modules are loaded.
const ASYNC_SINCE = 18;
// Up to this version Node.js lives on after a rejection that nobody handled.
const SURVIVES_UNTIL = 14;
// From quiet to talkative; `console.log` speaks on `verbose`.
const LEVELS = ['silent', 'error', 'warn', 'info', 'verbose', 'debug'];
const SPEAKERS = { log: 'verbose', debug: 'debug', info: 'info', warn: 'warn', error: 'error' };
// The first words of a line that only an ES module has.
const ES_MODULE = new RegExp(
  '^\\s*(?:import\\s*[\\w*{\'"]|export\\s+(?:default|const|let|var|function|async|class)\\b' +
    '|export\\s*[{*])',
  'm'
);

const soon = setImmediate;
let init = null;
let host = null;
let version = 0;
let requestId = '';
let loudest = LEVELS.length - 1;

// --- the place ------------------------------------------------------------------------------

/** Make the process look as the platform makes it before user code is loaded. */
function prepare(header, tools) {
  init = header;
  host = tools;
  stacks.begin(init, host.runtimeFolder);
  version = Number(/\d+/.exec(init.runtime)[0]);
  requestId = init.context.request_id;
  Object.assign(console, speakers());
  console.setLogLevel = setLogLevel;
}

/** Return functions that print `2022-08-01T09:32:56.797Z <request id> [info] text`. */
function speakers() {
  const made = {};
  for (const name of Object.keys(SPEAKERS)) {
    const level = SPEAKERS[name];
    made[name] = function () {
      if (LEVELS.indexOf(level) > loudest) {
        return;
      }
      const text = util.format.apply(util, arguments).replace(/\n/g, '\r');
      const start = new Date().toISOString() + ' ' + (host.currentCall() || requestId);
      host.print(start + ' [' + level + '] ' + text + '\n');
    };
  }
  return made;
}

function setLogLevel(level) {
  const place = LEVELS.indexOf(String(level).toLowerCase());
  if (place >= 0) {
    loudest = place;
  }
}

// --- the context ----------------------------------------------------------------------------

/** Return the context of one invocation, and let log lines carry its id. */
function makeContext(told) {
  requestId = told.request_id;
  return {
    requestId: told.request_id,
    credentials: {
      accessKeyId: told.credentials.access_key_id,
      accessKeySecret: told.credentials.access_key_secret,
      securityToken: told.credentials.security_token,
    },
    function: Object.assign({}, told.function),
    service: {
      name: told.service.name,
      logProject: told.service.log_project,
      logStore: told.service.log_store,
      qualifier: told.service.qualifier,
      versionId: told.service.version_id,
    },
    region: told.region,
    accountId: told.account_id,
    retryCount: told.retry_count,
    tracing: {
      openTracingSpanContext: told.tracing.span_context,
      openTracingSpanBaggages: told.tracing.span_baggages,
      jaegerEndpoint: told.tracing.jaeger_endpoint,
    },
    logger: Object.assign(speakers(), { setLogLevel: setLogLevel }),
    waitsForEmptyEventLoopBeforeCallback: false,
  };
}

// --- the handler ----------------------------------------------------------------------------

/** Give `done` the function that `name` means, or the failure as the platform words it. */
function loadHandler(name, done) {
  const dot = name.lastIndexOf('.');
  const file = name.slice(0, Math.max(dot, 0));
  const wanted = name.slice(dot + 1);
  if (!file || file.endsWith('/') || !wanted) {
    const advice = 'A handler is written `file.export`, such as `index.handler`.';
    const message = "Invalid handler '" + name + "'";
    done(broken('handler-missing', 'InvalidHandlerName', message, advice));
    return;
  }
  host.print('load code for handler:' + name + '\n');
  loadModule(file, (error, loaded) => {
    if (error || typeof loaded[wanted] === 'function') {
      done(error, error ? undefined : loaded[wanted]);
      return;
    }
    const message = "Handler '" + wanted + "' is missing on module '" + file + "'";
    done(broken('handler-missing', 'HandlerNotFound', message, adviseExport(loaded, wanted)));
  });
}

function adviseExport(loaded, wanted) {
  const given = loaded.default;
  if (typeof given !== 'function' && (!given || typeof given[wanted] !== 'function')) {
    return '';
  }
  return 'It is exported as `default`; the platform wants `export const ' + wanted + ' = …`.';
}

function loadModule(file, done) {
  const found = findModule(path.resolve(init.code, file));
  if (!found) {
    const missing = stacks.shown(path.join(init.code, file + '.js'));
    const message = "Module '" + missing + "' is missing.";
    done(broken('import-failed', 'ImportModuleError', message, adviseFile(file)));
    return;
  }
  const failed = (error) => done(describeLoading(error, found));
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
  done(null, loaded === null || loaded === undefined ? {} : loaded);
}

function adviseFile(file) {
  const has = (ending) => fs.existsSync(path.resolve(init.code, file + ending));
  if (has('.mjs')) {
    return 'There is `' + file + '.mjs`, but ' + onlyCommonJs();
  }
  if (has('.ts')) {
    return 'There is `' + file + '.ts`: compile it, and name the folder of the output as code.';
  }
  return 'There is no `' + file + '.js` in the function\'s code folder; a handler is written ' +
    '`file.export`, such as `index.handler`.';
}

function findModule(start) {
  const endings = version < ASYNC_SINCE ? ['.js'] : ['.js', '.mjs'];
  const found = endings.find((each) => fs.existsSync(start + each));
  return found && start + found;
}

/** Return whether the platform would load a file with `import`. */
function isEsModule(file) {
  if (version < ASYNC_SINCE) {
    return false;
  }
  return file.endsWith('.mjs') || modules.packageType(path.dirname(file)) === 'module';
}

/** Give `done` the bytes that the handler answers. */
function runHandler(handler, payload, header, done) {
  call(handler, [payload], makeContext(header.context), (error, answer) => {
    if (error) {
      done(error);
      return;
    }
    let bytes;
    try {
      bytes = toBytes(answer);
    } catch (unsendable) {
      done(new host.Broken(Object.assign(describe(unsendable), { failure: 'bad-reply' })));
      return;
    }
    done(null, bytes);
  });
}

/** Give `done` the body, and status and headers, that a handler of requests answers. */
function runHttp(handler, body, header, done) {
  const context = makeContext(header.context);
  const resp = new HttpAnswer((error, bytes) => {
    // What is printed after `send` in the same breath still belongs to this call.
    soon(() => done(error, bytes, { status: resp.statusCode, headers: resp.pairs() }));
  });
  let value;
  try {
    value = handler(makeRequest(header.http, body), resp, context);
  } catch (error) {
    done(unhandled(error));
    return;
  }
  if (value && typeof value.then === 'function' && version >= ASYNC_SINCE) {
    value.then(null, (error) => done(unhandled(error)));
  }
}

/** Return a request as the platform hands it to a handler (section 2.2). */
function makeRequest(told, body) {
  const http = require('http');
  const req = new http.IncomingMessage(new (require('net').Socket)());
  req._read = () => {};
  req.method = told.method;
  req.url = told.requestURI;
  req.path = told.path;
  req.clientIP = req.ip = told.clientIP;
  req.httpVersion = '1.1';
  req.httpVersionMajor = req.httpVersionMinor = 1;
  req.complete = true;
  req.queries = {};
  for (const name of Object.keys(told.queriesMap)) {
    const values = told.queriesMap[name];
    req.queries[name] = values.length > 1 ? values : values[0];
  }
  // A prototype's getter in later versions; a plain value serves all.
  Object.defineProperty(req, 'headers', { value: {}, writable: true, enumerable: true });
  for (const name of Object.keys(told.headersMap)) {
    const values = told.headersMap[name];
    const key = name.toLowerCase();
    req.headers[key] = key === 'set-cookie' ? values : values.join(', ');
    values.forEach((value) => req.rawHeaders.push(name, value));
  }
  req.getHeader = (name) => req.headers[String(name).toLowerCase()];
  if (body.length) {
    req.push(body);
  }
  req.push(null);
  return req;
}

/** What a handler answers a request with. */
class HttpAnswer {
  constructor(done) {
    this.statusCode = 200;
    this._headers = new Map();
    this._done = done;
  }

  setStatusCode(code) {
    this.statusCode = code;
  }

  setHeader(name, value) {
    this._headers.set(String(name).toLowerCase(), [String(name), value]);
  }

  deleteHeader(name) {
    this._headers.delete(String(name).toLowerCase());
  }

  hasHeader(name) {
    return this._headers.has(String(name).toLowerCase());
  }

  send(body) {
    if (body && typeof body.pipe === 'function') {
      const pieces = [];
      body.on('data', (piece) => pieces.push(Buffer.from(piece)));
      body.on('error', (error) => this._done(unhandled(error)));
      body.on('end', () => this._done(null, Buffer.concat(pieces)));
      return;
    }
    if (body !== null && body !== undefined && typeof body !== 'string' && !Buffer.isBuffer(body)) {
      throw new TypeError('resp.send takes a Buffer, a string or a Readable');
    }
    this._done(null, toBytes(body));
  }

  /** Return name and value of every header; lists become several. */
  pairs() {
    const found = [];
    this._headers.forEach((entry) => {
      [].concat(entry[1]).forEach((value) => found.push([entry[0], latin(String(value))]));
    });
    return found;
  }
}

/** Return a header's value as HTTP carries it: bytes, written as Latin-1 (`binary` in all versions). */
function latin(text) {
  return Buffer.from(text).toString('binary');
}

/** Run an initializer, pre-stop or pre-freeze. */
function runHook(handler, told, done) {
  call(handler, [], makeContext(told), done);
}

/**
 * Call user code and give `done` what it answers: through the callback, and in later versions
 * also by its value. There, a plain function that has no parameter for the callback answers by
 * its value too.
 */
function call(handler, first, context, done) {
  const settle = (error, answer) => {
    if (context.waitsForEmptyEventLoopBeforeCallback) {
      host.whenIdle(() => done(error, answer));
    } else {
      done(error, answer);
    }
  };
  const callback = (error, answer) => {
    const failed = error ? handled(error) : null;
    // What is printed after the callback in the same breath still belongs to this call.
    soon(() => settle(failed, answer));
  };
  const given = first.concat([context, callback]);
  let value;
  try {
    value = handler.apply(undefined, given);
  } catch (error) {
    done(unhandled(error));
    return;
  }
  const promised = value && typeof value.then === 'function';
  if (version < ASYNC_SINCE) {
    if (promised) {
      host.advise('The handler returned a promise, which ' + init.runtime + ' ignores: answer by ' +
        'the callback, or choose nodejs' + ASYNC_SINCE + ' or later.');
    }
    return;
  }
  if (promised) {
    value.then((answer) => settle(null, answer), (error) => settle(unhandled(error)));
  } else if (handler.length < given.length) {
    settle(null, value);
  }
}

/** Return an answer as the platform sends it (section 2.2, "result"). */
function toBytes(answer) {
  if (Buffer.isBuffer(answer)) {
    return answer;
  }
  const text = answer && typeof answer === 'object' ? JSON.stringify(answer) : answer;
  return Buffer.from(text === null || text === undefined ? '' : String(text));
}

// --- failures -------------------------------------------------------------------------------

function broken(failure, type, message, advice) {
  const told = { failure: failure, type: type, message: message, stack: [], advice: advice };
  return new host.Broken(told);
}

/** Return the failure of a handler that gave its callback an error: a handled one (section 9). */
function handled(error) {
  const told = { failure: 'handler-raised', handled: true };
  if (error instanceof Error) {
    return new host.Broken(
      Object.assign(told, {
        type: error.name,
        message: stacks.messageOf(error),
        stack: stacks.stackOf(error),
      })
    );
  }
  return new host.Broken(
    Object.assign(told, { type: 'FunctionHandledError', message: textOf(error) })
  );
}

function unhandled(error) {
  return new host.Broken(describe(error));
}

/** Return the failure frame of an exception (section 9): until Node.js 16 with a prefix. */
function describe(error) {
  const isError = error instanceof Error || Boolean(error && error.stack);
  const name = isError ? String(error.name) : 'Error';
  const prefix = 'FunctionUnhandledError' + (isError ? ': ' : '');
  return {
    failure: 'handler-raised',
    type: version < ASYNC_SINCE ? prefix + (isError ? name : '') : name,
    message: isError ? stacks.messageOf(error) : textOf(error),
    stack: isError ? stacks.stackOf(error) : [],
    advice: isError ? adviseDependency(error) : '',
  };
}

/** Return the failure of code that cannot be loaded: worded as if a handler had thrown it. */
function describeLoading(error, file) {
  const told = describe(error);
  told.failure = 'import-failed';
  told.advice = told.advice || (error instanceof SyntaxError ? adviseSyntax(error, file) : '');
  for (const each of LOADING_ADVICE) {
    const found = each[0].exec(told.message);
    told.advice = told.advice || (found ? each[1](found[1], file) : '');
  }
  return new host.Broken(told);
}

// What a message says -> one line that helps, made of what the pattern caught.
const LOADING_ADVICE = [
  [/^Cannot find (?:module|package) '([./][^']*)'/, adviseRelative],
  [/^(require|module|exports|__dirname|__filename) is not defined/, adviseCommonJs],
  [/(?:require\(\) of ES Module|Must use import to load ES Module:) ([^ ]+)/, adviseRequire],
];

function adviseRelative(wanted, file) {
  const exists = fs.existsSync(stacks.actual(wanted) + '.js');
  return exists && isEsModule(file) ? 'ES modules are imported with their ending: `.js`.' : '';
}

/** Advise on a package that was not found, now or in the middle of a call. */
function adviseDependency(error) {
  const found = /^Cannot find (?:module|package) '([^./'][^']*)'/.exec(error.message);
  if (!found || !/MODULE_NOT_FOUND$/.test(error.code)) {
    return '';
  }
  const wanted = found[1];
  const name = wanted.split('/').slice(0, wanted[0] === '@' ? 2 : 1).join('/');
  if (error.code === 'ERR_MODULE_NOT_FOUND' && isInLayer(name)) {
    return '`' + name + '` is in a layer, where `import` does not look; `createRequire` of ' +
      '`node:module` does.';
  }
  return '`' + name + '` is neither beside the code nor in a layer; `localfn install` puts it there.';
}

/** Advise on a file that is an ES module and was taken for CommonJS. */
function adviseSyntax(error, handlersFile) {
  const place = /^(\/.+):\d+\n/.exec(String(error.stack));
  const file = place && fs.existsSync(place[1]) ? place[1] : handlersFile;
  if (isEsModule(file) || !ES_MODULE.test(fs.readFileSync(file, 'utf8'))) {
    return '';
  }
  if (version < ASYNC_SINCE) {
    return 'This is an ES module, but ' + onlyCommonJs();
  }
  const name = path.basename(file, '.js');
  return 'This is an ES module: name it `' + name + '.mjs`, or write `"type": "module"` into ' +
    '`package.json`.';
}

function adviseCommonJs(word, file) {
  return isEsModule(file) ? '`' + word + '` is CommonJS, but `' + path.basename(file) + '` is ' +
    'loaded as an ES module: use `import` and `export`, or name it `.js` without ' +
    '`"type": "module"`.' : '';
}

function adviseRequire(word, file) {
  if (stacks.actual(word) === file) {
    return '`package.json` says `"type": "module"`, but ' + onlyCommonJs();
  }
  return 'What is required here is an ES module: load it by `await import(…)`, or take a version ' +
    'that is CommonJS.';
}

function onlyCommonJs() {
  return init.runtime + ' loads CommonJS only: use `require` and `exports` in a `.js` file, or ' +
    'choose nodejs' + ASYNC_SINCE + ' or later.';
}

function isInLayer(name) {
  return (process.env.NODE_PATH || '').split(path.delimiter).some(
    (folder) => folder && fs.existsSync(path.join(folder, name))
  );
}

function textOf(value) {
  if (value === null || typeof value !== 'object') {
    return String(value);
  }
  try {
    return JSON.stringify(value) || '';
  } catch (error) {
    return util.inspect(value);
  }
}

module.exports = {
  prepare: prepare,
  loadHandler: loadHandler,
  runHandler: runHandler,
  runHttp: runHttp,
  runHook: runHook,
  describe: describe,
  survivesRejections: () => version <= SURVIVES_UNTIL,
};
