'use strict';
/*
 * Handlers that write their answer to a stream (contract aws-lambda, sections 2.2 and 4.3).
 *
 * Where somebody follows, what is written travels at once. Else it is gathered, and travels as one
 * answer. Either has the content type that it was given.
 */

const stream = require('stream');

const KIND = Symbol.for('aws.lambda.runtime.handler.streaming');
const HTTP_ANSWER = 'application/vnd.awslambda.http-integration-response';
// Between the status with its headers, which are JSON, and the body.
const DELIMITER = Buffer.alloc(8);

/** What a handler writes to. */
class ResponseStream extends stream.Writable {
  constructor(part) {
    super({ highWaterMark: 1 << 16 });
    this._part = part;
    this._pieces = [];
    this._contentType = '';
    this._onBeforeFirstWrite = null;
  }

  /** Say what the answer is, before anything is written. */
  setContentType(type) {
    this._contentType = type;
  }

  _write(piece, encoding, done) {
    this._begin();
    this._pieces.push(Buffer.isBuffer(piece) ? piece : Buffer.from(piece, encoding));
    if (this._part) {
      this._part({ http: this.http() }, this.rest());
    }
    done();
  }

  _begin() {
    const first = this._onBeforeFirstWrite;
    this._onBeforeFirstWrite = null;
    if (first) {
      first((piece) => this._pieces.push(Buffer.from(piece)));
    }
  }

  /** Return all that was written and has not been sent. */
  rest() {
    this._begin();
    const pieces = this._pieces;
    this._pieces = [];
    return Buffer.concat(pieces);
  }

  /** Return what the answer is, in the words of frames. */
  http() {
    const type = this._contentType || 'application/octet-stream';
    return { status: 200, headers: [['Content-Type', type]] };
  }
}

/** Puts status and headers before what is written. */
class HttpResponseStream {
  static from(responseStream, prelude) {
    responseStream.setContentType(HTTP_ANSWER);
    responseStream._onBeforeFirstWrite = (write) => {
      write(JSON.stringify(prelude));
      write(DELIMITER);
    };
    return responseStream;
  }
}

/** What user code finds as the global `awslambda`. */
const tools = {
  streamifyResponse: (handler, options) => {
    handler[KIND] = 'response';
    if (options && options.highWaterMark !== undefined) {
      handler[Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark')] =
        options.highWaterMark;
    }
    return handler;
  },
  HttpResponseStream: HttpResponseStream,
};

/** Return how a handler streams, nothing where it does not. */
function kindOf(handler) {
  return handler[KIND];
}

/**
 * Give `done` what a handler has written when it is through, and what it is; `part`, where there is
 * one, what it writes meanwhile.
 */
function run(handler, event, context, host, done, unhandled, part) {
  const answer = new ResponseStream(part);
  let stop = () => {};
  let over = false;
  const finish = (error) => {
    if (over) {
      return;
    }
    over = true;
    stop();
    if (error) {
      done(unhandled(error.reason));
      return;
    }
    done(null, answer.rest(), answer.http());
  };
  answer.on('error', (error) => finish({ reason: error }));
  answer.on('finish', () => finish(null));
  let value;
  try {
    value = handler(event, answer, context);
  } catch (error) {
    finish({ reason: error });
    return;
  }
  // A stream that nobody will write to any more is at its end.
  stop = host.whenIdle(() => finish(null));
  if (value && typeof value.then === 'function') {
    value.then(() => {}, (error) => finish({ reason: error }));
  }
}

module.exports = { tools: tools, kindOf: kindOf, run: run };
