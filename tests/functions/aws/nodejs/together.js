'use strict';
// Calls that wait for each other: only side by side can they end.
const arrived = [];
const waiting = [];

exports.handler = async (event, context) => {
  const asked = event.split(':');
  return ASKED[asked[0]](asked[1], Number(asked[2]), context);
};

/** Answer when so many calls have come. */
async function meet(name, count, context) {
  process.stdout.write(name + ' came\n');
  arrived.push(name);
  waiting.splice(0).forEach((look) => look());
  while (arrived.length < count) {
    await new Promise((resolve) => waiting.push(resolve));
  }
  console.info(name + ' met');
  return name + ' ' + context.awsRequestId;
}

const ASKED = {
  meet: meet,
  fail: (name) => {
    throw new Error(name);
  },
  dawdle: () => {
    console.log('holding');
    return new Promise((resolve) => setTimeout(resolve, 30000));
  },
  leave: (_name, count) => process.exit(count),
};
