/** Owns the order of what was said and what was done: by the source's clock, words before the deed they lead to. */
import type { ProsePiece } from './heard.ts'

export function mergeByTime<Deed extends { at: number }, Item>(
  pieces: readonly ProsePiece[],
  deeds: readonly Deed[],
  toWords: (piece: ProsePiece, place: number) => Item,
  toDeed: (deed: Deed, place: number) => Item,
): readonly Item[] {
  const items: Item[] = []
  let next = 0
  for (const deed of deeds) {
    for (let piece = pieces[next]; piece !== undefined && piece.startedAt <= deed.at; piece = pieces[next]) {
      items.push(toWords(piece, items.length))
      next += 1
    }
    items.push(toDeed(deed, items.length))
  }
  for (const piece of pieces.slice(next)) items.push(toWords(piece, items.length))
  return items
}
