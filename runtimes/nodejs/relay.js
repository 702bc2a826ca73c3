'use strict';
/*
 * Stands between localfn and a worker (bootstrap.js), beside which programs run.
 *
 *     relay.js -- WORKER COMMAND...
 *
 * Frames pass in both directions, on the descriptors of bootstrap.js. On the way the programs are
 * started, as shims/<cloud>-companions.js finds them, told of every event and of the end, and
 * answered over HTTP on loopback. The worker knows nothing of it. Standard library only, and the
 * syntax of Node.js 4. What ../polling/relay.py is for Python.
 */

const fs = require('fs');
const http = require('http');
const net = require('net');
const path = require('path');
const spawn = require('child_process').spawn;

const FRAMES_IN = 3;
const FRAMES_OUT = 4;
const PRINTED = 2;
const LENGTHS_BYTES = 8;
// How the relay leaves when there is no such worker.
const NOT_STARTED = 127;
const LOOPBACK = '127.0.0.1';

/** Cuts a stream into whole frames: `take(header, bytes)`. */
class Frames {
  constructor(take) {
    this._take = take;
    this._begin(Buffer.alloc(0));
  }

  feed(chunk) {
    this._pieces.push(chunk);
    this._size += chunk.length;
    while (this._size >= this._needed) {
      const all = Buffer.concat(this._pieces);
      this._pieces = [all];
      if (this._needed === LENGTHS_BYTES) {
        // A frame is never empty: it has a header.
        this._needed += all.readUInt32BE(0);
        continue;
      }
      const headEnd = LENGTHS_BYTES + all.readUInt32BE(4);
      const header = JSON.parse(all.slice(LENGTHS_BYTES, headEnd).toString());
      const frame = all.slice(0, this._needed);
      this._begin(all.slice(this._needed));
      this._take(header, frame);
    }
  }

  _begin(rest) {
    this._pieces = [rest];
    this._size = rest.length;
    this._needed = LENGTHS_BYTES;
  }
}

/** One worker, and the programs beside it. */
class Relay {
  constructor(command, address) {
    this._command = command;
    this._address = address;
    this._host = new net.Socket({ fd: FRAMES_OUT, readable: false, writable: true });
    this._worker = null;
    this._shim = null;
    this._others = null;
    this._mark = '';
    this._opened = false;
    this._stopping = false;
  }

  /** Serve until told to stop, or until nobody asks any more. */
  run() {
    const asked = new Frames((header, frame) => this._pass(header, frame));
    const host = new net.Socket({ fd: FRAMES_IN, readable: true, writable: false });
    host.on('data', (chunk) => asked.feed(chunk));
    host.on('end', () => this._hostIsGone());
    host.on('error', () => this._hostIsGone());
    this._host.on('error', () => {});
    // Whoever is asked to end by a signal is the worker; this process ends as it does.
    process.on('SIGTERM', () => {});
  }

  /** Answer a request of one of the programs. */
  answer(request, response) {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      request.body = Buffer.concat(pieces).toString();
      if (!this._others || !this._others.answer(request, response)) {
        response.writeHead(404);
        response.end();
      }
    });
  }

  _pass(header, frame) {
    if (header.kind === 'stop') {
      this._stop();
      return;
    }
    this._know(header);
    const give = () => this._worker.stdio[FRAMES_IN].write(frame);
    if (header.kind === 'init') {
      this._open(header, give);
      return;
    }
    if (header.kind === 'invoke') {
      this._others.tell(header);
    }
    give();
  }

  /** Start the worker by the first frame: that one tells which cloud it is for. */
  _know(header) {
    if (this._worker) {
      return;
    }
    this._shim = require(path.join(__dirname, 'shims', header.shim + '-companions.js'));
    const worker = spawn(this._command[0], this._command.slice(1), {
      env: this._environ(),
      stdio: ['ignore', PRINTED, PRINTED, 'pipe', 'pipe'],
    });
    this._worker = worker;
    const answers = new Frames((told, frame) => this._tell(told, frame));
    worker.stdio[FRAMES_OUT].on('data', (chunk) => answers.feed(chunk));
    for (const pipe of [worker.stdio[FRAMES_IN], worker.stdio[FRAMES_OUT]]) {
      pipe.on('error', () => {});
    }
    worker.on('error', (error) => {
      print(this._command[0] + ': ' + error.message + '\n');
      this._leave(NOT_STARTED);
    });
    // Not `exit`: what it has answered is passed on before.
    worker.on('close', (code, signal) => this._endAs(code, signal));
  }

  _environ() {
    const environ = Object.assign({}, process.env);
    environ[this._shim.ADDRESS] = this._address;
    return environ;
  }

  /** Start the programs, and go on when all of them wish to be there. */
  _open(header, next) {
    this._mark = header.mark;
    const environ = Object.assign(this._environ(), this._shim.variables(header));
    this._others = new this._shim.Companions(header, (told, body) => this._breakOff(told, body));
    this._others.start(environ);
    this._others.whenKnown(next);
  }

  /** Pass on what the worker answers. */
  _tell(header, frame) {
    const tell = () => this._isFirst(header) && this._host.write(frame);
    if (header.kind === 'ready') {
      this._others.whenReady(tell);
    } else {
      tell();
    }
  }

  /** Tell that the code cannot be loaded: what comes first counts. */
  _breakOff(told, body) {
    const header = Object.assign({ failure: 'init-failed', kind: 'failure', id: 'init' }, told);
    header.peak_kb = 0;
    if (!this._isFirst(header)) {
      return;
    }
    print('\0' + this._mark + ':init\0');
    const head = Buffer.from(JSON.stringify(header));
    const lengths = Buffer.alloc(LENGTHS_BYTES);
    lengths.writeUInt32BE(head.length + body.length, 0);
    lengths.writeUInt32BE(head.length, 4);
    this._host.write(Buffer.concat([lengths, head, body]));
  }

  /** Return whether a frame may go out: of how the code was loaded only the first tells. */
  _isFirst(header) {
    const opens = header.id === 'init';
    const first = !(opens && this._opened);
    this._opened = this._opened || opens;
    return first;
  }

  // --- the end ------------------------------------------------------------------------------

  _endAs(code, signal) {
    if (this._stopping) {
      return;
    }
    this._stopping = true;
    if (this._others) {
      this._others.kill();
    }
    // What was passed on last is on its way.
    this._host.end(() => {
      if (signal) {
        process.removeAllListeners('SIGTERM');
        process.kill(process.pid, signal);
      } else {
        process.exit(code);
      }
    });
  }

  _stop() {
    this._stopping = true;
    if (this._others) {
      this._others.sayGoodbye(this._worker, () => this._leave(0));
    } else {
      this._leave(0);
    }
  }

  _hostIsGone() {
    if (!this._stopping) {
      this._leave(0);
    }
  }

  _leave(code) {
    if (this._worker) {
      this._worker.kill('SIGKILL');
    }
    if (this._others) {
      this._others.kill();
    }
    process.exit(code);
  }
}

/** Print, as far as somebody reads. */
function print(text) {
  let left = Buffer.from(text);
  while (left.length) {
    try {
      left = left.slice(fs.writeSync(PRINTED, left, 0, left.length));
    } catch (error) {
      if (error.code !== 'EAGAIN') {
        return;
      }
    }
  }
}

const server = http.createServer((request, response) => relay.answer(request, response));
let relay = null;
// Whoever waits for an event waits long.
server.timeout = server.keepAliveTimeout = 0;
server.listen(0, LOOPBACK, () => {
  const command = process.argv.slice(process.argv.indexOf('--') + 1);
  relay = new Relay(command, LOOPBACK + ':' + server.address().port);
  relay.run();
});
