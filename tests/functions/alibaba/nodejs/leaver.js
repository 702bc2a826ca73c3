exports.handler = (event, context, callback) => {
  setTimeout(() => process.exit(3), 50);
  callback(null, 'answered');
};
