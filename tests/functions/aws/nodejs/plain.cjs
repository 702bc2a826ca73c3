exports.handler = async () => 'common';
