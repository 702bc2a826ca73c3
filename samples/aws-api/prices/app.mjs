// Lists the prices, those below `?most=` only; the HTTP API makes a response of the plain answer.
const PRICES = { tea: 4, pot: 25 };

export const handler = async (event) => {
  const most = Number(event.queryStringParameters?.most ?? Infinity);
  const found = Object.entries(PRICES).filter(([, price]) => price <= most);
  console.log('%d prices', found.length);
  return Object.fromEntries(found);
};
