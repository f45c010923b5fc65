/** `Promise.all` over `items.map(map)`, with at most `limit` of them under way at a time. */
export async function mapLimited<Item, Mapped>(
  items: readonly Item[],
  limit: number,
  map: (item: Item) => Promise<Mapped>,
): Promise<Mapped[]> {
  const mapped: Mapped[] = [];
  let next = 0;
  const work = async () => {
    while (next < items.length) {
      const index = next++;
      mapped[index] = await map(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  return mapped;
}
