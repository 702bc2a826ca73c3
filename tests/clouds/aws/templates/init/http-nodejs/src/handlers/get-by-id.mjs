const table = process.env.ITEMS_TABLE;

export const getByIdHandler = async (event) => ({
  statusCode: 200,
  body: JSON.stringify({ table, id: event.pathParameters.id }),
});
