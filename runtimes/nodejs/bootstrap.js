'use strict';
/*
 * Runs a Node.js function inside an instance and speaks frames with localfn.
 *
 * Standard library only, and the syntax of Node.js 4: this file runs in every Node.js that a
 * cloud has had. The frames are described in ARCHITECTURE.md, "The wire"; what differs from cloud
 * to cloud is in shims/<cloud>.js.
 *
 * Node.js cannot duplicate descriptors, so whoever starts this file has done it: frames come on
 * descriptor 3 and go on 4, where user code cannot print; 0 is /dev/null and 1 is the same as 2.
 * Node.js itself marks them close-on-exec, so that children do not inherit them.
 */

const fs = require('fs');
const net = require('net');
const path = require('path');
const stream = require('stream');

const FRAMES_IN = 3;
const FRAMES_OUT = 4;
const PRINTED = 2;
const LENGTHS_BYTES = 8;
const PROTOCOL = 1;
const WRITE_BYTES = 1 << 20;

// User code may replace what is global.
const soon = setImmediate;
const exitNow = process.reallyExit;

/** The frames, and the marks that put what is printed in order with them. */
class Stream {
  constructor() {
    this.token = '';
    this._reader = null;
  }

  /** Hand every frame to `take`; call `gone` when localfn is. */
  read(take, gone) {
    const assembly = new Assembly(take);
    // Not `fs.read`: it would occupy one of the four threads that user code shares.
    this._reader = new net.Socket({ fd: FRAMES_IN, readable: true, writable: false });
    this._reader.on('data', (chunk) => assembly.feed(chunk));
    this._reader.on('end', gone);
    this._reader.on('error', gone);
  }

  /**
   * Send an answer, after a mark on standard error: what was printed is this answer's. Without a
   * token nobody needs to be told.
   */
  answer(header, payload) {
    if (this.token) {
      writeAll(PRINTED, Buffer.from('\0' + this.token + ':' + header.id + '\0'));
    }
    this.write(header, payload);
  }

  /** Send one frame. */
  write(header, payload) {
    const head = Buffer.from(JSON.stringify(header));
    const lengths = Buffer.alloc(LENGTHS_BYTES);
    lengths.writeUInt32BE(head.length + payload.length, 0);
    lengths.writeUInt32BE(head.length, 4);
    if (payload.length < WRITE_BYTES) {
      writeAll(FRAMES_OUT, Buffer.concat([lengths, head, payload]));
    } else {
      writeAll(FRAMES_OUT, Buffer.concat([lengths, head]));
      writeAll(FRAMES_OUT, payload);
    }
  }

  /**
   * Call `next` when nothing but the wait for the next frame keeps this process alive.
   *
   * Returns a function that stops waiting for that.
   */
  whenIdle(next) {
    const idle = () => {
      this._reader.ref();
      next();
    };
    this._reader.unref();
    process.once('beforeExit', idle);
    return () => {
      process.removeListener('beforeExit', idle);
      this._reader.ref();
    };
  }
}

/** Puts chunks together to frames; every byte is copied once. */
class Assembly {
  constructor(take) {
    this._take = take;
    this._begin('lengths', LENGTHS_BYTES);
    this._payloadBytes = 0;
    this._header = null;
  }

  feed(chunk) {
    let taken = 0;
    while (taken < chunk.length) {
      const count = chunk.copy(this._into, this._filled, taken);
      taken += count;
      this._filled += count;
      while (this._filled === this._into.length && this._step()) {
        // An empty payload is complete before it begins.
      }
    }
  }

  _begin(part, size) {
    this._part = part;
    this._into = Buffer.alloc(size);
    this._filled = 0;
  }

  /** Go on to the next part; return whether that may be complete already. */
  _step() {
    const whole = this._into;
    if (this._part === 'lengths') {
      const headBytes = whole.readUInt32BE(4);
      this._payloadBytes = whole.readUInt32BE(0) - headBytes;
      this._begin('header', headBytes);
      return false;
    }
    if (this._part === 'header') {
      this._header = JSON.parse(whole.toString());
      this._begin('payload', this._payloadBytes);
      return true;
    }
    this._begin('lengths', LENGTHS_BYTES);
    this._take(this._header, whole);
    return false;
  }
}

/** A failure that says itself what its frame will say. */
class Broken extends Error {
  constructor(told) {
    super(told.message);
    this.told = told;
  }
}

/**
 * Which call runs, and prints: in a call and in all that it starts.
 *
 * Before Node.js 12.17 nobody can know; then output belongs to the call that began last.
 */
class Speakers {
  constructor() {
    this._storage = null;
    this._last = '';
  }

  /** Tell calls apart from now on. */
  start() {
    const found = require('async_hooks').AsyncLocalStorage;
    this._storage = found ? new found() : null;
  }

  run(id, act) {
    if (this._storage) {
      this._storage.run(id, act);
    } else {
      act();
    }
  }

  current() {
    return (this._storage && this._storage.getStore()) || '';
  }

  /** Return the mark that has to be printed before the current call prints, or nothing. */
  mark(token) {
    const id = this.current();
    if (!id || id === this._last) {
      return '';
    }
    this._last = id;
    return '\0' + token + '>' + id + '\0';
  }
}

/** Answers one frame after the other; calls side by side where the function wants that. */
class Worker {
  constructor(frames) {
    this._frames = frames;
    this._waiting = [];
    this._running = new Set();
    this._sideBySide = false;
    this._shim = null;
    this._init = null;
    this._handlers = new Map();
    this._answers = { init: this._open, invoke: this._invoke, hook: this._hook };
  }

  /** Serve until told to stop, or until nobody asks any more. */
  run() {
    process.on('uncaughtException', (error) => this._astray(error));
    process.on('unhandledRejection', (error) => this._rejected(error));
    this._frames.read((header, payload) => this._take(header, payload), () => this._alone());
  }

  _take(header, payload) {
    if (header.kind === 'preload') {
      preload(header);
      return;
    }
    this._waiting.push([header, payload]);
    this._next();
  }

  _next() {
    if (!this._waiting.length || !this._mayStart(this._waiting[0][0])) {
      return;
    }
    const frame = this._waiting.shift();
    const header = frame[0];
    if (header.kind === 'stop') {
      leave(0);
    }
    const answer = this._answers[header.kind];
    if (!answer) {
      soon(() => this._next());
      return;
    }
    this._running.add(header);
    const done = (error, told, body) => {
      // The first answer counts; whatever a handler says later is nobody's.
      if (this._running.has(header)) {
        this._tell(header, error ? this._failure(error) : told, body);
      }
    };
    speakers.run(header.kind === 'invoke' ? header.id : '', () => {
      try {
        answer.call(this, header, frame[1], done);
      } catch (error) {
        done(error);
      }
    });
    if (this._sideBySide) {
      soon(() => this._next());
    }
  }

  _mayStart(header) {
    return !this._running.size || (this._sideBySide && header.kind === 'invoke');
  }

  /** Send a part of an answer that is still being written. */
  _part(header, told, body) {
    if (this._running.has(header)) {
      this._frames.write(Object.assign({ kind: 'part', id: header.id }, told), body);
    }
  }

  _tell(header, told, body) {
    this._running.delete(header);
    told.id = header.id;
    told.peak_kb = peakKb();
    this._frames.answer(told, body || Buffer.alloc(0));
    soon(() => this._next());
  }

  /** Load the user's code, or run the initializer, which loads it. */
  _open(header, _payload, done) {
    this._init = header;
    this._frames.token = header.mark;
    this._sideBySide = header.concurrency > 1;
    if (this._sideBySide) {
      speakers.start();
    }
    this._shim = require(path.join(__dirname, 'shims', header.shim + '.js'));
    showSources();
    this._shim.prepare(header, {
      Broken: Broken,
      print: print,
      advise: (text) => this._frames.write({ kind: 'advice', advice: text }, Buffer.alloc(0)),
      part: (header, told, body) => this._part(header, told, body),
      currentCall: () => speakers.current(),
      runtimeFolder: __dirname,
      whenIdle: (next) => this._frames.whenIdle(next),
    });
    if (header.debug) {
      openInspector(header.debug);
    }
    const ready = (error) => {
      const version = process.versions.node;
      done(error, { kind: 'ready', protocol: PROTOCOL, language_version: version });
    };
    if (header.hooks.initializer) {
      this._hook({ hook: 'initializer', context: header.context }, null, ready);
    } else {
      this._handler(header.handler, ready);
    }
  }

  /** Give a header its whole context: what is as `init` told it is left out. */
  _complete(header) {
    header.context = Object.assign({}, this._init.context, header.context);
  }

  _invoke(header, payload, done) {
    this._complete(header);
    this._handler(this._init.handler, (error, handler) => {
      if (error) {
        done(error);
        return;
      }
      const run = header.http ? this._shim.runHttp : this._shim.runHandler;
      run(handler, payload, header, (failed, body, http) => {
        done(failed, http ? { kind: 'result', http: http } : { kind: 'result' }, body);
      });
    });
  }

  _hook(header, _payload, done) {
    this._complete(header);
    this._handler(this._init.hooks[header.hook], (error, handler) => {
      if (error) {
        done(error);
        return;
      }
      this._shim.runHook(handler, header.context, (failed) => done(failed, { kind: 'result' }));
    });
  }

  _handler(name, done) {
    if (this._handlers.has(name)) {
      done(null, this._handlers.get(name));
      return;
    }
    this._shim.loadHandler(name, (error, handler) => {
      if (!error) {
        this._handlers.set(name, handler);
      }
      done(error, handler);
    });
  }

  _failure(error) {
    const told = error instanceof Broken ? error.told : this._shim.describe(error);
    return Object.assign({ kind: 'failure' }, told);
  }

  /**
   * Answer with an exception that nobody caught, and leave: nobody knows what is broken now.
   *
   * Nor whose it was, where several calls run: then all of them end with the process.
   */
  _astray(error) {
    if (this._running.size !== 1 || !this._shim) {
      print('Uncaught ' + ((error && error.stack) || error) + '\n');
      leave(1);
    }
    const asked = this._running.values().next().value;
    this._tell(asked, Object.assign(this._failure(error), { last: true }));
    leave(1);
  }

  _rejected(error) {
    if (this._running.size === 1 || !this._shim || !this._shim.survivesRejections()) {
      this._astray(this._shim && this._shim.rejection ? this._shim.rejection(error) : error);
      return;
    }
    print('UnhandledPromiseRejectionWarning: ' + ((error && error.stack) || error) + '\n');
  }

  /**
   * localfn is gone: end this process, and in a process group of our own the children too.
   *
   * Noticed as soon as user code returns to the event loop; a loop that never does is ended by
   * the supervisor in a container, and in a process by the lifeline (localfn/instances).
   */
  _alone() {
    if (this._init && this._init.alone) {
      try {
        process.kill(-process.pid, 'SIGKILL');
      } catch (error) {
        // Not the leader of a group.
      }
      leave(1);
    }
    leave(0);
  }
}

/** End at once: no listener of the user's runs, nothing is left to flush. */
function leave(code) {
  exitNow.call(process, code);
}

/**
 * Open the inspector before user code is loaded; `wait_s` null: wait until an editor is there.
 *
 * Not by an option of the command line: that would stop in this file first, and children would
 * inherit it and want the same port.
 */
function openInspector(asked) {
  require('inspector').open(asked.port, asked.host, asked.wait_s === null);
}

/**
 * Let stacks name the lines of the sources, such as TypeScript, that the code was made from.
 *
 * Not before Node.js 16: there the stacks of plain code would suffer.
 */
function showSources() {
  if (process.setSourceMapsEnabled && parseInt(process.versions.node, 10) >= 16) {
    process.setSourceMapsEnabled(true);
  }
}

/** Load what is not the user's, while nobody waits. */
function preload(header) {
  try {
    require(path.join(__dirname, 'shims', header.shim + '.js'));
  } catch (error) {
    // `init` will tell.
  }
}

/** Print in order with the marks, however slowly the other side reads. */
function print(text) {
  const mark = speakers.mark(frames.token);
  if (mark) {
    writeAll(PRINTED, Buffer.from(mark));
  }
  writeAll(PRINTED, Buffer.isBuffer(text) ? text : Buffer.from(text));
}

function writeAll(descriptor, bytes) {
  let written = 0;
  while (written < bytes.length) {
    try {
      written += fs.writeSync(descriptor, bytes, written, bytes.length - written);
    } catch (error) {
      // A child may have made the pipe that it shares with us non-blocking.
      if (error.code !== 'EAGAIN') {
        return;
      }
      breathe();
    }
  }
}

function breathe() {
  if (typeof Atomics === 'object' && typeof SharedArrayBuffer === 'function' && Atomics.wait) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
}

/** Make `process.stdout` and `process.stderr` write at once, as Node.js does for files only. */
function printAtOnce() {
  for (const name of ['stdout', 'stderr']) {
    let printed = null;
    Object.defineProperty(process, name, {
      configurable: true,
      enumerable: true,
      get: () => {
        printed = printed || makePrinted(name === 'stdout' ? 1 : PRINTED);
        return printed;
      },
    });
  }
}

function makePrinted(descriptor) {
  const printed = new stream.Writable({
    decodeStrings: true,
    write: (chunk, _encoding, done) => {
      print(chunk);
      done();
    },
  });
  printed.fd = descriptor;
  printed._type = 'fs';
  printed._isStdio = true;
  printed.destroy = printed.destroySoon = printed.end = function () {
    return printed;
  };
  return printed;
}

/** Return the most memory this process has used, in KiB. */
function peakKb() {
  try {
    const found = /^VmHWM:\s*(\d+)/m.exec(fs.readFileSync('/proc/self/status', 'utf8'));
    if (found) {
      return Number(found[1]);
    }
  } catch (error) {
    // Only Linux has it.
  }
  if (process.resourceUsage) {
    return process.resourceUsage().maxRSS;
  }
  return Math.round(process.memoryUsage().rss / 1024);
}

const speakers = new Speakers();
const frames = new Stream();
printAtOnce();
new Worker(frames).run();
