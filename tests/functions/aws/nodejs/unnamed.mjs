export default async function handler() {
  return 'never';
}
