'use strict';
// Behaves as its event says: every way a handler can end.
const spawnSync = require('child_process').spawnSync;

const held = [];

exports.handler = (event, context, callback) => {
  process.stdout.write('before\n');
  return BEHAVIOURS[event.toString()](context, callback);
};

function answer(_context, callback) {
  callback(null, 'fine');
}

function fail() {
  throw new Error('something is wrong');
}

function failKnowingly(_context, callback) {
  callback(new Error('something is known to be wrong'));
}

function failWithText(_context, callback) {
  callback('something is known to be wrong');
}

function failAstray() {
  setImmediate(() => {
    throw new Error('nobody is here to catch');
  });
}

function reject() {
  return Promise.reject(new Error('the promise is broken'));
}

function rejectAside() {
  Promise.reject(new Error('nobody has heard of this promise'));
}

function promise() {
  return Promise.resolve('ignored');
}

function answerTwice(_context, callback) {
  callback(null, 'first');
  callback(new Error('second'));
}

function answerBothWays(_context, callback) {
  setTimeout(() => callback(null, 'by callback'), 20);
  return Promise.resolve('by value');
}

function leave() {
  process.exit(3);
}

function beKilled() {
  process.kill(process.pid, 'SIGKILL');
}

function dawdle() {
  setTimeout(() => {}, 30000);
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

function answerRound(_context, callback) {
  callback(null, { toJSON: () => BigInt(1) });
}

function answerLarge(_context, callback) {
  callback(null, Buffer.alloc(3 << 20, 'x'));
}

function speak(context, callback) {
  process.stdout.write('one\n');
  process.stderr.write('two\n');
  console.info('three');
  spawnSync('echo', ['four'], { stdio: 'inherit' });
  callback(null, context.requestId);
}

const BEHAVIOURS = {
  answer: answer,
  'handler-raised': fail,
  handled: failKnowingly,
  'handled-text': failWithText,
  uncaught: failAstray,
  rejected: reject,
  'rejected-aside': rejectAside,
  promise: promise,
  'answer-twice': answerTwice,
  'answer-both-ways': answerBothWays,
  exited: leave,
  killed: beKilled,
  'timed-out': dawdle,
  spin: spin,
  'out-of-memory': takeMemory,
  'heap-exhausted': takeHeap,
  'bad-reply': answerRound,
  large: answerLarge,
  speak: speak,
};

exports.initialize_badly = () => {
  throw new Error('no database');
};

exports.initialize_slowly = (_context, _callback) => {
  setTimeout(() => {}, 30000);
};
