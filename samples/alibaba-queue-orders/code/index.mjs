// Books the orders in the messages of a queue.
import { readFile } from 'node:fs/promises';

import { readOrder, totalOf } from './order.mjs';

let prices = {};
let booked = 0;

/** Read the price list, once for every instance. */
export const initialize = async () => {
  prices = JSON.parse(await readFile(new URL('./prices.json', import.meta.url), 'utf8'));
  console.info('%d prices', Object.keys(prices).length);
};

/** Book one batch; a message that is no order must not hold up the others. */
export const handler = async (event, context) => {
  const orders = [];
  const refused = [];
  for (const message of messagesOf(event)) {
    try {
      orders.push(book(message.data.messageBody));
    } catch (error) {
      context.logger.warn('%s is no order: %s', message.data.messageId, error.message);
      refused.push({ message: message.data.messageId, reason: error.message });
    }
  }
  return { orders, refused };
};

/** Say what this instance did before it goes. */
export const preStop = async () => {
  console.info('booked %d orders', booked);
};

/** An array in event-streaming mode, one message in event-driven mode. */
function messagesOf(event) {
  return [JSON.parse(event.toString())].flat();
}

function book(text) {
  const order = readOrder(text);
  const total = totalOf(order, prices);
  booked += 1;
  console.info('order %s: %s %s', order.id, total.toFixed(2), process.env.CURRENCY);
  return { id: order.id, total, currency: process.env.CURRENCY };
}
