'use strict';
// Behaves as its event says: every way a handler can end.
const spawnSync = require('child_process').spawnSync;

const held = [];

exports.handler = async (event, context) => {
  process.stdout.write('before\n');
  return BEHAVIOURS[event](context);
};

// The older way: an answer by the callback, or by the context.
exports.calling = (event, context, callback) => {
  process.stdout.write('before\n');
  CALLING[event](context, callback);
};

exports.text = 'no function';
exports.nested = { handler: async () => 'nested' };

function fail() {
  throw new Error('something is wrong');
}

function failWithText() {
  throw 'something is wrong';
}

function failAstray() {
  setImmediate(() => {
    throw new TypeError('nobody is here to catch');
  });
  return new Promise((resolve) => setTimeout(resolve, 20000));
}

function rejectAside() {
  Promise.reject(new Error('nobody has heard of this promise'));
  return new Promise((resolve) => setTimeout(resolve, 20000));
}

function spin() {
  for (;;) {
    // Nothing else gets a turn.
  }
}

function takeMemory() {
  for (;;) {
    held.push(Buffer.alloc(8 << 20, 'x'));
  }
}

function takeHeap() {
  for (let number = 0; ; number++) {
    held.push({ number: number, squares: [number * number] });
  }
}

function answerRound() {
  const round = {};
  round.round = round;
  return round;
}

function speak(context) {
  process.stdout.write('one\n');
  process.stderr.write('two\n');
  console.info('three');
  spawnSync('echo', ['four'], { stdio: 'inherit' });
  return context.awsRequestId;
}

const BEHAVIOURS = {
  answer: () => 'fine',
  'handler-raised': fail,
  'text-thrown': failWithText,
  uncaught: failAstray,
  'rejected-aside': rejectAside,
  'never-settled': () => new Promise(() => {}),
  exited: () => process.exit(3),
  'exited-well': () => process.exit(0),
  killed: () => process.kill(process.pid, 'SIGKILL') && new Promise((done) => setTimeout(done, 9000)),
  'timed-out': () => new Promise((resolve) => setTimeout(resolve, 30000)),
  spin: spin,
  'out-of-memory': takeMemory,
  'heap-exhausted': takeHeap,
  'bad-reply': answerRound,
  large: () => 'x'.repeat(3 << 20),
  'answer-too-large': () => 'x'.repeat(7 << 20),
  nothing: () => undefined,
  speak: speak,
};

const CALLING = {
  answer: (_context, callback) => callback(null, 'by callback'),
  fail: (_context, callback) => callback(new RangeError('something is known to be wrong')),
  succeed: (context) => context.succeed('by context'),
  'fail-by-context': (context) => context.fail('something is known to be wrong'),
  done: (context) => context.done(null, 'by done'),
  'waits-for-what-it-began': (_context, callback) => {
    let told = 'too early';
    setTimeout(() => {
      told = 'in the end';
    }, 30);
    callback(null, { toJSON: () => told });
  },
  'does-not-wait': (context, callback) => {
    context.callbackWaitsForEmptyEventLoop = false;
    setTimeout(() => {}, 20000);
    callback(null, 'at once');
  },
  'says-nothing': () => {},
};
