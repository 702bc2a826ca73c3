exports.handler = async (event) => {
  for (let number = 0; number < Number(event); number++) {
    process.stdout.write('line ' + number + '\n');
  }
  return 'done';
};
