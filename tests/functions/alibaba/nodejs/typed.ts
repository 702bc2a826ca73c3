interface Order {
  readonly id: number;
}

function refuse(order: Order | null): never {
  // Compiled with `tsc --target es2020 --module commonjs --sourceMap`.
  throw new Error("from TypeScript");
}

export const handler = async (event: Uint8Array): Promise<string> => {
  const order: Order | null = event.length ? JSON.parse(String(event)) : null;
  return refuse(order);
};
