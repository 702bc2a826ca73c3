const fs = require('fs');

// Lists, writes and reads what the event names; null and false for what cannot be.
exports.handler = async (event) => {
  const wanted = JSON.parse(event);
  const each = (names, answer) => Object.fromEntries(names.map((name) => [name, answer(name)]));
  return JSON.stringify({
    list: each(wanted.list || [], (path) => fs.readdirSync(path).sort()),
    write: each(Object.keys(wanted.write || {}), (path) => write(path, wanted.write[path])),
    read: each(wanted.read || [], read),
  });
};

function read(path) {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch (error) {
    return null;
  }
}

function write(path, text) {
  try {
    fs.writeFileSync(path, text);
    return true;
  } catch (error) {
    return false;
  }
}
