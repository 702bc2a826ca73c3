import { Buffer } from 'node:buffer';

export const handler = async (event) => Buffer.from(event).reverse().toString();
