exports.handler = (event, context, callback) => {
  return (
