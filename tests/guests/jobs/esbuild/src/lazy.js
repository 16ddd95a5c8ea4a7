export default async function lazy({ a = 1, ...rest } = {}) {
  for await (const item of rest.items ?? []) a ||= item;
  return a;
}
