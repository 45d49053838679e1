/**
 * Owns finding the items of a long list by id without searching it: an index of places that moves on with the
 * newest version of the list. Only a cache: a list without one is read once, and gives the same answer.
 */
interface Item {
  id: string
}

const indexes = new WeakMap<readonly Item[], Map<string, number>>()

export function findById<Each extends Item>(items: readonly Each[], id: string): Each | undefined {
  const place = placesOf(items).get(id)
  return place === undefined ? undefined : items[place]
}

/** Replaces what is known in its place and appends what is new. */
export function upsertById<Each extends Item>(
  items: readonly Each[],
  changed: readonly Each[],
): readonly Each[] {
  if (changed.length === 0) return items
  const places = placesOf(items)
  const added: Each[] = []
  for (const item of changed) {
    if (places.has(item.id)) continue
    places.set(item.id, items.length + added.length)
    added.push(item)
  }
  // One array of the right length; one that grows is copied twice.
  const next = items.concat(added)
  for (const item of changed) next[places.get(item.id) ?? next.length] = item
  indexes.delete(items)
  indexes.set(next, places)
  return next
}

function placesOf(items: readonly Item[]): Map<string, number> {
  const known = indexes.get(items)
  if (known !== undefined) return known
  const places = new Map(items.map(({ id }, place) => [id, place]))
  indexes.set(items, places)
  return places
}
