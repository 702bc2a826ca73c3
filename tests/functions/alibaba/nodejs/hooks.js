exports.initialize = (context, callback) => {
  process.stdout.write('initializing\n');
  callback();
};

exports.handler = (event, context, callback) => {
  process.stdout.write('handling\n');
  callback(null, '');
};

exports.freeze = (context, callback) => {
  process.stdout.write('freezing\n');
  callback();
};

exports.stop = (context, callback) => {
  process.stdout.write('stopping\n');
  callback();
};
