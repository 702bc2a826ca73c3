'use strict';
/*
 * The main process of a container: owns the stream, looks after one worker.
 *
 *     supervisor.js -- WORKER COMMAND...
 *
 * Frames are relayed between the attached standard input and output and the worker's own pipes,
 * its descriptors 3 and 4; payloads pass through unread. Frames for the supervisor itself: `kill`
 * (end the worker) and `renew` (start a new one, with an empty `/tmp`; answered by `renewed`, and
 * by the `mark` on standard error behind all that the old one printed). It tells `exited` when
 * the worker ends, and ends with its worker within a fifth of a second when the stream does: then
 * localfn is gone. Standard library only, the syntax of Node.js 4.
 */

const fs = require('fs');
const net = require('net');
const spawn = require('child_process').spawn;

const HOST_IN = 0;
const HOST_OUT = 1;
const TO_WORKER = 3;
const FROM_WORKER = 4;
const LENGTHS_BYTES = 8;
// Of a container, and there a file system of its own.
const TMP = '/tmp';
// Frames up to this size are passed on only when they are whole.
const WHOLE = 1 << 16;
// How the container leaves when a worker died within a frame that had begun to go out.
const BROKEN = 70;
const NOT_STARTED = 127;
const LAST_STOP_MS = 5000;
const WATCH_EVERY_MS = 50;
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGILL: 4, SIGTRAP: 5, SIGABRT: 6, SIGBUS: 7,
  SIGFPE: 8, SIGKILL: 9, SIGUSR1: 10, SIGSEGV: 11, SIGUSR2: 12, SIGPIPE: 13, SIGALRM: 14,
  SIGTERM: 15, SIGXCPU: 24, SIGSYS: 31 };
const OOM_COUNTERS = [
  '/sys/fs/cgroup/memory/memory.oom_control',
  '/sys/fs/cgroup/memory.events',
];

/** Relays frames for one worker at a time. */
class Supervisor {
  constructor(command) {
    this._command = command;
    this._worker = null;
    this._stopping = false;
    this._renew = null;
    this._killTimer = null;
    this._leaveWith = null;
    this._kills = oomKills();
    this._peakKb = 0;
    this._watch = null;
    this._fromHost = new Cutter((_total, head) => head);
    this._toHost = null;
  }

  /** Serve until the host hangs up. */
  run() {
    const host = new net.Socket({ fd: HOST_IN, readable: true, writable: false });
    host.on('data', (piece) => this._take(piece));
    host.on('end', () => this._hostIsGone());
    host.on('error', () => this._hostIsGone());
    for (const name of ['SIGTERM', 'SIGINT']) {
      process.on(name, () => this._forward(name));
    }
    this._spawn();
  }

  _spawn() {
    const worker = spawn(this._command[0], this._command.slice(1), {
      // A group of its own, so that its children end with it.
      detached: true,
      // What it prints goes to standard error, the frames where user code cannot print.
      stdio: ['ignore', 2, 2, 'pipe', 'pipe'],
    });
    this._worker = worker;
    this._peakKb = 0;
    this._toHost = new Cutter((total) => (total <= WHOLE ? total : 0));
    let ended = null;
    let drained = false;
    const bury = () => {
      if (ended && drained && this._worker === worker) {
        this._bury(ended);
      }
    };
    worker.stdio[FROM_WORKER].on('data', (piece) => this._passOn(piece));
    worker.stdio[FROM_WORKER].on('close', () => {
      drained = true;
      bury();
    });
    for (const pipe of [worker.stdio[TO_WORKER], worker.stdio[FROM_WORKER]]) {
      pipe.on('error', () => {});
    }
    worker.on('error', (error) => {
      fs.writeSync(2, this._command[0] + ': ' + error.message + '\n');
      ended = ended || { code: NOT_STARTED, signal: null };
      drained = true;
      bury();
    });
    worker.on('exit', (code, signal) => {
      ended = { code: code, signal: signal };
      this._clearAway();
      bury();
    });
    dieFirst(worker.pid);
  }

  // --- from the host ------------------------------------------------------------------------

  _take(piece) {
    for (const cut of this._fromHost.cut(piece)) {
      if (cut.head) {
        this._stopping = false;
        if (this._obey(cut.head)) {
          continue;
        }
        this._watchMemory(true);
      }
      if (this._worker) {
        // Never held back: the end of the stream must be noticed behind a large frame too.
        this._worker.stdio[TO_WORKER].write(cut.bytes);
      }
    }
  }

  /** Do what a frame asks of the supervisor; return whether that was all it was for. */
  _obey(head) {
    const text = head.toString();
    if (!/"(?:kill|renew|stop)"/.test(text)) {
      return false;
    }
    const told = JSON.parse(text);
    this._stopping = told.kind === 'stop';
    if (told.kind === 'kill') {
      this._kill(told.grace_s || 0);
    } else if (told.kind === 'renew') {
      this._startAfresh(told.mark || '');
    }
    return told.kind === 'kill' || told.kind === 'renew';
  }

  _startAfresh(mark) {
    this._renew = mark;
    if (this._worker) {
      this._kill(0);
    } else {
      this._renewWorker();
    }
  }

  _renewWorker() {
    const mark = this._renew;
    this._renew = null;
    if (process.pid === 1) {
      empty(TMP);
    }
    put(2, Buffer.from(mark));
    tell({ kind: 'renewed' });
    this._spawn();
  }

  _kill(graceS) {
    if (!this._worker) {
      return;
    }
    if (!graceS) {
      this._signal('SIGKILL');
      return;
    }
    this._signal('SIGTERM');
    this._killIn(graceS * 1000);
  }

  _killIn(delayMs) {
    clearTimeout(this._killTimer);
    this._killTimer = setTimeout(() => this._signal('SIGKILL'), delayMs);
  }

  /** Leave at once, or when a worker that was asked to stop has done so. */
  _hostIsGone() {
    if (!(this._stopping && this._worker)) {
      this._leave(0);
    }
    this._leaveWith = 0;
    this._killIn(LAST_STOP_MS);
  }

  /** Pass a request to end on to the worker, and end after it. */
  _forward(name) {
    this._leaveWith = 128 + SIGNALS[name];
    if (!this._worker) {
      this._leave(this._leaveWith);
    }
    this._signal(name);
    this._killIn(LAST_STOP_MS);
  }

  _leave(code) {
    this._signal('SIGKILL');
    process.exit(code);
  }

  // --- from the worker ----------------------------------------------------------------------

  _passOn(piece) {
    for (const cut of this._toHost.cut(piece)) {
      this._watchMemory(false);
      put(HOST_OUT, cut.bytes);
    }
  }

  /** Note the worker's peak while it answers: nobody can tell it afterwards. */
  _watchMemory(busy) {
    clearInterval(this._watch);
    const note = () => {
      this._peakKb = Math.max(this._peakKb, this._worker ? peakKb(this._worker.pid) : 0);
    };
    if (busy) {
      note();
      this._watch = setInterval(note, WATCH_EVERY_MS);
    }
  }

  // --- the end of the worker ----------------------------------------------------------------

  _signal(name) {
    if (!this._worker || !this._worker.pid) {
      return;
    }
    // Before its first step the worker has no group of its own.
    for (const target of [-this._worker.pid, this._worker.pid]) {
      try {
        process.kill(target, name);
        return;
      } catch (error) {
        // Gone, or no group yet.
      }
    }
  }

  /** End what the worker has started: it would hold the pipes open, and memory. */
  _clearAway() {
    clearTimeout(this._killTimer);
    this._signal('SIGKILL');
    if (process.pid === 1) {
      try {
        process.kill(-1, 'SIGKILL');
      } catch (error) {
        // Nobody is left.
      }
    }
  }

  _bury(ended) {
    this._watchMemory(false);
    this._worker = null;
    if (this._toHost.left) {
      // Half a frame has gone out: only the end of the stream says so clearly.
      this._leave(BROKEN);
    }
    this._tellExit(ended);
    if (this._leaveWith !== null) {
      this._leave(this._leaveWith);
    }
    if (this._renew !== null) {
      this._renewWorker();
    }
  }

  _tellExit(ended) {
    const kills = oomKills();
    tell({
      kind: 'exited',
      code: ended.code || 0,
      signal: ended.signal ? SIGNALS[ended.signal] || 9 : 0,
      oom: kills > this._kills,
      peak_kb: this._peakKb,
    });
    this._kills = kills;
  }
}

/**
 * Cuts a stream where frames start, keeping back what is not yet enough of one.
 *
 * `enough(total, head)` tells how much of a frame must be there, behind its lengths, for its
 * start to be passed on. `left` is what is still to come of a frame that has been.
 */
class Cutter {
  constructor(enough) {
    this._enough = enough;
    this._kept = Buffer.alloc(0);
    this.left = 0;
  }

  /** Return `{head, bytes}` of each start and `{bytes}` of each continuation. */
  cut(piece) {
    const kept = this._kept.length ? Buffer.concat([this._kept, piece]) : piece;
    const parts = [];
    let at = 0;
    while (at < kept.length) {
      let head = null;
      let size = Math.min(this.left, kept.length - at);
      if (this.left) {
        this.left -= size;
      } else {
        const start = at + LENGTHS_BYTES;
        if (kept.length < start) {
          break;
        }
        const total = kept.readUInt32BE(at);
        const headBytes = kept.readUInt32BE(at + 4);
        if (kept.length - start < this._enough(total, headBytes)) {
          break;
        }
        head = kept.slice(start, start + headBytes);
        size = Math.min(kept.length - at, LENGTHS_BYTES + total);
        this.left = LENGTHS_BYTES + total - size;
      }
      parts.push({ head: head, bytes: kept.slice(at, at + size) });
      at += size;
    }
    this._kept = kept.slice(at);
    return parts;
  }
}

/** Send a frame of the supervisor's own. */
function tell(header) {
  const head = Buffer.from(JSON.stringify(header));
  const lengths = Buffer.alloc(LENGTHS_BYTES);
  lengths.writeUInt32BE(head.length, 0);
  lengths.writeUInt32BE(head.length, 4);
  put(HOST_OUT, Buffer.concat([lengths, head]));
}

/** Write all of it, unless nobody reads. */
function put(descriptor, bytes) {
  let written = 0;
  while (written < bytes.length) {
    try {
      written += fs.writeSync(descriptor, bytes, written, bytes.length - written);
    } catch (error) {
      if (error.code !== 'EAGAIN') {
        return;
      }
    }
  }
}

/** Have the kernel choose the worker, not the supervisor, when memory is short. */
function dieFirst(pid) {
  try {
    fs.writeFileSync('/proc/' + pid + '/oom_score_adj', '1000');
  } catch (error) {
    // Not allowed, or gone already.
  }
}

/** Remove what is in a folder, but nothing that is mounted there. */
function empty(folder) {
  let device = 0;
  let names = [];
  try {
    device = fs.lstatSync(folder).dev;
    names = fs.readdirSync(folder);
  } catch (error) {
    return;
  }
  for (const name of names) {
    const path = folder + '/' + name;
    try {
      const found = fs.lstatSync(path);
      if (found.dev !== device) {
        continue;
      }
      if (found.isDirectory()) {
        empty(path);
        fs.rmdirSync(path);
      } else {
        fs.unlinkSync(path);
      }
    } catch (error) {
      // A mount below it, or not ours.
    }
  }
}

/** Return how often the kernel has killed in this container for want of memory. */
function oomKills() {
  for (const path of OOM_COUNTERS) {
    try {
      const found = /^oom_kill (\d+)/m.exec(fs.readFileSync(path, 'utf8'));
      if (found) {
        return Number(found[1]);
      }
    } catch (error) {
      // The other version of control groups.
    }
  }
  return 0;
}

function peakKb(pid) {
  try {
    const found = /^VmHWM:\s*(\d+)/m.exec(fs.readFileSync('/proc/' + pid + '/status', 'utf8'));
    return found ? Number(found[1]) : 0;
  } catch (error) {
    return 0;
  }
}

new Supervisor(process.argv.slice(process.argv.indexOf('--') + 1)).run();
