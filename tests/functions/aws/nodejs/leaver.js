exports.handler = async () => {
  setTimeout(() => process.exit(3), 50);
  return 'answered';
};
