exports.handler = (event, context, callback) => {
  for (let number = 0; number < Number(event.toString()); number++) {
    process.stdout.write('line ' + number + '\n');
  }
  callback(null, 'done');
};
