exports.handler = async () => {
  const who = require('shared_by_layers').WHO;
  const first = require('only_in_first').NUMBER;
  const second = require('only_in_second').NUMBER;
  return who + ' ' + first + ' ' + second;
};
