'use strict';
/*
 * What Node.js takes a file for, and how an ES module is loaded.
 *
 * For the shims; the syntax of Node.js 4.
 */

const fs = require('fs');
const path = require('path');

/** Return the `type` that the nearest `package.json` gives the files of a folder. */
function packageType(folder) {
  try {
    return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).type;
  } catch (error) {
    const parent = path.dirname(folder);
    return parent === folder || path.basename(folder) === 'node_modules' ? '' : packageType(parent);
  }
}

/** Return a promise of what an ES module exports. */
function load(file) {
  // Hidden from the parsers of Node.js versions that do not know it.
  const load = new Function('address', 'return import(address)');
  return load(require('url').pathToFileURL(file).href);
}

module.exports = { packageType: packageType, load: load };
