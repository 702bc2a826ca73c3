'use strict';
// Calls that wait for each other: only side by side can they end.
const arrived = [];
const waiting = [];

exports.handler = (event, context, callback) => {
  const asked = event.toString().split(':');
  ASKED[asked[0]](asked[1], Number(asked[2]), context, callback);
};

/** Answer when so many calls have come. */
async function meet(name, count, context, callback) {
  process.stdout.write(name + ' came\n');
  arrived.push(name);
  waiting.splice(0).forEach((look) => look());
  while (arrived.length < count) {
    await new Promise((resolve) => waiting.push(resolve));
  }
  console.info(name + ' met');
  callback(null, name + ' ' + context.requestId);
}

const ASKED = {
  meet: meet,
  fail: (name) => {
    throw new Error(name);
  },
  dawdle: (_name, _count, _context, callback) => {
    console.log('holding');
    setTimeout(callback, 30000);
  },
  leave: (_name, count) => process.exit(count),
};
