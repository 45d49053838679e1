/**
 * Owns the order of what was said and what was done: by the source's clock, words before the deed they lead to. What a
 * source tells in one breath has one time, so that a later iteration's words come after an earlier one's deeds.
 */
import type { ProsePiece } from './heard.ts'

export function mergeByTime<Deed extends { at: number; iteration: number }, Item>(
  pieces: readonly ProsePiece[],
  deeds: readonly Deed[],
  toWords: (piece: ProsePiece, place: number) => Item,
  toDeed: (deed: Deed, place: number) => Item,
): readonly Item[] {
  const items: Item[] = []
  let next = 0
  for (const deed of deeds) {
    for (let piece = pieces[next]; piece !== undefined && isBefore(piece, deed); piece = pieces[next]) {
      items.push(toWords(piece, items.length))
      next += 1
    }
    items.push(toDeed(deed, items.length))
  }
  for (const piece of pieces.slice(next)) items.push(toWords(piece, items.length))
  return items
}

function isBefore(piece: ProsePiece, deed: { at: number; iteration: number }): boolean {
  if (piece.startedAt !== deed.at) return piece.startedAt < deed.at
  return (piece.iteration ?? 0) <= deed.iteration || deed.iteration === 0
}
