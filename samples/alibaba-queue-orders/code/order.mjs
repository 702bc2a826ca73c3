// What an order is.

/** Return the order that a message holds; throw an error that names what is wrong with it. */
export function readOrder(text) {
  const order = JSON.parse(text);
  if (typeof order !== 'object' || order === null || !order.id || !order.items) {
    throw new Error('an order has an `id` and `items`');
  }
  return order;
}

/** Return what an order costs. */
export function totalOf(order, prices) {
  return Object.entries(order.items).reduce((sum, [item, count]) => {
    if (!(item in prices)) {
      throw new Error(`there is no price for \`${item}\``);
    }
    return sum + prices[item] * count;
  }, 0);
}
