'use strict';
/*
 * The Extensions API of AWS Lambda (contract aws-lambda, section 4.5), for functions in Node.js.
 *
 * Loaded by ../relay.js, and what ../../polling/shims/aws_extensions.py is there, in a language
 * that images of Node.js have: external extensions are programs in `/opt/extensions`, internal
 * ones register from inside the function. Each asks for its next event.
 */

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const spawn = require('child_process').spawn;

// The variable that tells a program where the interface is.
const ADDRESS = 'AWS_LAMBDA_RUNTIME_API';
const BASE = '/2020-01-01/extension/';
// Subscriptions that are taken and never served.
const TELEMETRY = {
  '/2020-08-15/logs': ['Logs.NotSupported', 'Logs API is not supported'],
  '/2022-07-01/telemetry': ['Telemetry.NotSupported', 'Telemetry API is not supported'],
};
const WHY = {
  EACCES: 'Permission denied',
  ENOENT: 'No such file or directory',
  ENOEXEC: 'Exec format error',
};
// How long external extensions have at the end, and the function before them.
const GOODBYE_MS = 1800;
const FUNCTION_GOODBYE_MS = 300;
const READY_LIMIT_MS = 9500;
const NO_LIMIT_MS = 900000;

/** Return what an extension finds in its environment beside what the plan says. */
function variables(header) {
  const day = new Date().toISOString().slice(0, 10).replace(/-/g, '/');
  const id = crypto.randomBytes(16).toString('hex');
  const version = header.context.function_version;
  return { AWS_LAMBDA_LOG_STREAM_NAME: day + '/[' + version + ']' + id };
}

/** One extension, known by its name until it has registered. */
class Extension {
  constructor(name, program) {
    this.name = name;
    this.program = program || null;
    this.id = '';
    this.wants = [];
    this.asks = false;
    this.ended = false;
    this.events = [];
    this.waiting = null;
  }

  /** Answer the request that waits, where there is an event for it. */
  serve() {
    if (this.waiting && this.events.length) {
      const response = this.waiting;
      this.waiting = null;
      say(response, 200, this.events.shift(), { 'Lambda-Extension-Event-Identifier': uuid() });
    }
  }
}

/** All extensions of one instance. */
class Companions {
  constructor(header, breakOff) {
    this._header = header;
    this._breakOff = breakOff;
    this._all = [];
    this._hopes = [];
    this._ending = false;
    this._broken = false;
  }

  /** Start the external extensions. */
  start(environ) {
    for (const file of found(this._header.layers)) {
      const name = path.basename(file);
      const extension = new Extension(name);
      try {
        extension.program = spawn(file, [], { env: environ, stdio: ['ignore', 2, 2] });
      } catch (error) {
        // Some versions throw what others tell by an event.
        this._notLaunched(name, error);
        return;
      }
      this._all.push(extension);
      extension.program.on('error', (error) => this._notLaunched(name, error));
      extension.program.on('exit', (code, signal) => this._hasEnded(extension, code, signal));
    }
  }

  /** Go on when the external ones have registered, and never when one is broken. */
  whenKnown(next) {
    this._when((each) => each.id, next);
  }

  /** Go on when the external ones ask for their first event, and never when one is broken. */
  whenReady(next) {
    this._when((each) => each.asks, next);
  }

  /** Tell whoever wants to know that an event is being served. */
  tell(header) {
    // What is as `init` told it is left out.
    const context = Object.assign({}, this._header.context, header.context);
    this._send({
      eventType: 'INVOKE',
      deadlineMs: header.deadline_ms || Date.now() + NO_LIMIT_MS,
      requestId: context.request_id,
      invokedFunctionArn: context.function_arn,
      tracing: { type: 'X-Amzn-Trace-Id', value: context.trace_id },
    });
  }

  /** Let the external extensions know that all is over, and go on after them. */
  sayGoodbye(worker, next) {
    const external = this._all.filter((each) => each.program);
    this._ending = true;
    if (!external.length) {
      next();
      return;
    }
    const shutDown = once(() => {
      const deadlineMs = Date.now() + GOODBYE_MS;
      const reason = { shutdownReason: 'SPINDOWN', deadlineMs: deadlineMs };
      this._send(Object.assign({ eventType: 'SHUTDOWN' }, reason));
      const leave = once(next);
      const told = (each) => each.wants.indexOf('SHUTDOWN') >= 0;
      this._until(() => external.every((each) => each.ended || !told(each)), leave);
      setTimeout(leave, GOODBYE_MS);
    });
    if (worker.exitCode !== null || worker.signalCode !== null) {
      shutDown();
      return;
    }
    worker.on('exit', shutDown);
    worker.kill('SIGTERM');
    setTimeout(shutDown, FUNCTION_GOODBYE_MS);
  }

  /** End what is left of them. */
  kill() {
    this._ending = true;
    for (const each of this._all) {
      if (each.program && !each.ended) {
        each.program.kill('SIGKILL');
      }
    }
  }

  /** Answer a request of an extension; return whether it was one. */
  answer(request, response) {
    const asked = request.url.split('?')[0];
    if (TELEMETRY[asked]) {
      const told = { errorMessage: TELEMETRY[asked][1], errorType: TELEMETRY[asked][0] };
      return say(response, 202, told);
    }
    if (asked.indexOf(BASE) !== 0) {
      return false;
    }
    if (asked === BASE + 'register') {
      return this._register(request, response);
    }
    const id = request.headers['lambda-extension-identifier'];
    const extension = this._all.find((each) => id && each.id === id);
    if (!extension) {
      const told = { errorMessage: 'Unknown extension', errorType: 'Extension.UnknownExtension' };
      return say(response, 403, told);
    }
    if (asked === BASE + 'event/next') {
      return this._next(extension, response);
    }
    if (asked === BASE + 'init/error' || asked === BASE + 'exit/error') {
      const kind = asked === BASE + 'init/error' ? 'InitError' : 'ExitError';
      this._fail('Extension.' + kind, request.body);
      return say(response, 202, { status: 'OK' });
    }
    return false;
  }

  _register(request, response) {
    const name = request.headers['lambda-extension-name'] || '';
    const known = this._all.find((each) => each.name === name && !each.id);
    const extension = known || new Extension(name);
    if (!known) {
      this._all.push(extension);
    }
    extension.id = uuid();
    // Those inside the function end with it: there is nobody left to tell.
    extension.wants = wished(request.body).filter((each) => known || each === 'INVOKE');
    const told = {
      functionName: this._header.context.function_name,
      functionVersion: this._header.context.function_version,
      handler: this._header.handler,
    };
    const accepted = request.headers['lambda-extension-accept-feature'] || '';
    if (accepted.indexOf('accountId') >= 0) {
      told.accountId = this._header.context.function_arn.split(':')[4];
    }
    say(response, 200, told, { 'Lambda-Extension-Identifier': extension.id });
    this._look();
    return true;
  }

  _next(extension, response) {
    extension.asks = true;
    extension.waiting = response;
    response.on('close', () => {
      // Whoever is gone must not be given an event.
      if (extension.waiting === response) {
        extension.waiting = null;
      }
    });
    extension.serve();
    this._look();
    return true;
  }

  _send(event) {
    for (const each of this._all) {
      if (each.wants.indexOf(event.eventType) >= 0) {
        each.events.push(event);
        each.serve();
      }
    }
  }

  _notLaunched(name, error) {
    this._fail('Extension.LaunchError', name + ': ' + (WHY[error.code] || error.message));
  }

  _hasEnded(extension, code, signal) {
    extension.ended = true;
    if (!this._ending && !extension.asks) {
      const how = signal ? 'signal ' + signal : 'exit status ' + code;
      this._fail('Extension.Crash', extension.name + ': ' + how);
    }
    this._look();
  }

  _fail(kind, message) {
    if (this._broken) {
      return;
    }
    this._broken = true;
    this._hopes = [];
    const id = this._header.context.request_id;
    const told = 'RequestId: ' + id + ' Error: ' + message;
    const body = Buffer.from(JSON.stringify({ errorType: kind, errorMessage: told }));
    this._breakOff({ type: kind, message: told, stack: null }, body);
  }

  _when(reached, next) {
    if (this._broken) {
      return;
    }
    const go = once(next);
    const all = () => this._all.every((each) => !each.program || reached(each));
    const limit = setTimeout(() => this._broken || go(), READY_LIMIT_MS);
    this._until(all, () => {
      clearTimeout(limit);
      go();
    });
  }

  /** Go on as soon as something holds. */
  _until(holds, next) {
    this._hopes.push({ holds: holds, next: next });
    this._look();
  }

  _look() {
    const met = this._hopes.filter((each) => each.holds());
    this._hopes = this._hopes.filter((each) => met.indexOf(each) < 0);
    met.forEach((each) => each.next());
  }
}

/** Return the programs that the layers bring. */
function found(layers) {
  const files = [];
  for (const layer of layers) {
    const folder = path.join(layer, 'extensions');
    const names = fs.existsSync(folder) ? fs.readdirSync(folder).sort() : [];
    files.push.apply(files, names.map((name) => path.join(folder, name)));
  }
  return files.filter(mayRun);
}

function mayRun(file) {
  try {
    fs.accessSync(file, fs.constants ? fs.constants.X_OK : fs.X_OK);
    return true;
  } catch (error) {
    return false;
  }
}

/** Return the events that a registration asks for. */
function wished(body) {
  try {
    const events = JSON.parse(body || '{}').events;
    return Array.isArray(events) ? events : [];
  } catch (error) {
    return [];
  }
}

/** Answer in JSON; return true. */
function say(response, status, told, more) {
  const body = Buffer.from(JSON.stringify(told));
  const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length };
  response.writeHead(status, Object.assign(headers, more));
  response.end(body);
  return true;
}

/** Return what does something the first time only. */
function once(act) {
  let done = false;
  return () => {
    if (!done) {
      done = true;
      act();
    }
  };
}

function uuid() {
  const hex = crypto.randomBytes(16).toString('hex');
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-a$4-$5');
}

module.exports = { ADDRESS: ADDRESS, Companions: Companions, variables: variables };
