import { createHash } from 'node:crypto';

export const handler = async (event) => createHash('sha256').update(event).digest('hex');
