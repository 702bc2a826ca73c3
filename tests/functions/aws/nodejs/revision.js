'use strict';
// Answers which revision of itself has been loaded, and what it finds around it.
const fs = require('fs');
const os = require('os');
const path = require('path');

const REVISION = 1;
console.log('loading ' + REVISION);

exports.handler = (event, context) => {
  const text = event;
  const at = text.indexOf(':');
  return new Promise((resolve) => {
    ASKED[text.slice(0, at)](text.slice(at + 1), (told) => resolve(REVISION + ':' + told));
  });
};

/** Wait until the test makes this file beside the code. */
function hold(name, done) {
  console.log('holding');
  const look = () => {
    if (fs.existsSync(path.join(__dirname, name))) {
      done(name);
    } else {
      setTimeout(look, 5);
    }
  };
  look();
}

function leaveSomething(name, done) {
  const file = path.join(os.tmpdir(), name);
  const found = fs.existsSync(file);
  fs.writeFileSync(file, '');
  done(found ? 'found' : 'absent');
}

const ASKED = {
  say: (value, done) => done(value),
  variable: (value, done) => done(process.env[value] || ''),
  hold: hold,
  'leave-something': leaveSomething,
  leave: (value) => process.exit(Number(value)),
  dawdle: (_, done) => setTimeout(done, 30000),
  print: (value, done) => done(console.log(value)),
};
