const nothing = require('nothing_of_this_name');

exports.handler = (event, context, callback) => callback(null, nothing);
