'use strict';
/*
 * Stacks and paths as the platform would show them: without our frames, and with its code folder.
 *
 * For the shims; the syntax of Node.js 4.
 */

const fs = require('fs');
const path = require('path');

// Frames of the module loader and of the event loop, in all versions: the runtime's, not the user's.
const MACHINERY = new RegExp(
  '^ +at .*\\b(?:(?:node:)?internal/(?:modules?|timers|process/(?:task_queues|next_tick))[/.:]' +
    '|(?:node:)?(?:module|vm|timers|diagnostics_channel)(?:\\.js)?:\\d)'
);

let init = null;
let runtimeFolder = '';

/** Know where the code is, and where we are. */
function begin(header, ours) {
  init = header;
  runtimeFolder = ours;
}

function messageOf(error) {
  const lines = shown(String(error.message)).split('\n');
  return lines.filter((line) => !isOurs(line)).join('\n');
}

/** Return a stack as lines: from the first of our own frames on it is the runtime's. */
function stackOf(error) {
  const lines = withoutExcerpt(String(error.stack || error).split('\n'), error);
  const kept = [];
  for (const line of lines) {
    if (/^ +at /.test(line) && isOurs(line)) {
      break;
    }
    if (!isOurs(line) && !MACHINERY.test(line)) {
      kept.push(shown(line));
    }
  }
  return kept;
}

/** Leave out the piece of source that some versions put before a stack with a source map. */
function withoutExcerpt(lines, error) {
  const start = lines.indexOf(String(error).split('\n')[0]);
  return start > 0 && !(error instanceof SyntaxError) ? lines.slice(start) : lines;
}

function isOurs(line) {
  return line.indexOf(runtimeFolder + path.sep) >= 0;
}

/** Return text with the code folder's path as the platform would show it. */
function shown(text) {
  const place = init.shown_code.replace(/\/+$/, '') + '/';
  for (const folder of codeFolders()) {
    text = text.split(folder + '/').join(place);
  }
  return text;
}

/** Return the place on this machine of a path as the platform would show it. */
function actual(text) {
  const place = init.shown_code.replace(/\/+$/, '') + '/';
  return text.indexOf(place) === 0 ? path.join(init.code, text.slice(place.length)) : text;
}

/** Return the names under which Node.js may tell the code folder. */
function codeFolders() {
  const code = init.code.replace(/\/+$/, '');
  let real = code;
  try {
    real = fs.realpathSync(code);
  } catch (error) {
    // Gone: then nothing can be told of it either.
  }
  const names = [code, real, encodeURI(code), encodeURI(real)];
  return names.filter((each, place) => each && names.indexOf(each) === place);
}

module.exports = {
  begin: begin,
  messageOf: messageOf,
  stackOf: stackOf,
  shown: shown,
  actual: actual,
};
