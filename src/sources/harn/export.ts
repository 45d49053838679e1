/**
 * Owns giving a harn run back as harn wrote it, out of what its import kept: every field, understood or not, but
 * environments and secrets, which were never taken in.
 */
import type { Json } from '../../core/entities.ts'
import type { Manifest } from './keep.ts'
import type { JsonObject } from './records.ts'
import { isObject } from './records.ts'

/** As much of an event as an export needs: stored and imported events have it alike. */
export interface KeptEvent {
  type: string
  payload: unknown
  position: number | string
}

export interface HarnExport {
  /** The file's text; null when the events hold no record of harn. */
  text: string | null
  /** Pieces that should be there and are not, or cannot be read. */
  missing: readonly string[]
}

/** Puts the newest record together that the events hold. Events may be of several logs, in any order. */
export function exportHarnRun(events: readonly (KeptEvent | { event: KeptEvent })[]): HarnExport {
  const pieces = new Map<string, JsonObject>()
  const manifests: Manifest[] = []
  const missing = new Set<string>()
  for (const each of events) {
    const { type, payload, position } = 'event' in each ? each.event : each
    if (type !== 'foreign' || !isObject(payload) || payload['source'] !== 'harn') continue
    pieces.set(String(position), payload)
  }

  const read = (key: string): Json | undefined => {
    const payload = pieces.get(key)
    const value = payload === undefined ? undefined : unfold(payload, pieces)
    if (value === undefined) missing.add(key)
    return value
  }
  for (const [key, payload] of pieces) {
    const manifest = payload['name'] === 'record' ? read(key) : undefined
    if (isManifest(manifest)) manifests.push(manifest)
  }
  const [newest] = manifests.toSorted(newestFirst)
  const rest = newest === undefined ? undefined : read(newest.rest)
  if (newest === undefined || !isObject(rest)) return { text: null, missing: [...missing] }

  const lists = (keys: Manifest['lists']): JsonObject =>
    Object.fromEntries(
      Object.entries(keys).map(([name, items]) => [
        name,
        items.map(read).filter((item) => item !== undefined),
      ]),
    )
  const watched = rest['observability']
  const record = {
    ...rest,
    ...lists(newest.lists),
    ...(isObject(watched) && { observability: { ...watched, ...lists(newest.observability) } }),
  }
  return { text: JSON.stringify(sorted(record), null, 2), missing: [...missing] }
}

/** A long value is the text of its slices; a very long one the text of a list of slices. */
function unfold(payload: JsonObject, pieces: ReadonlyMap<string, JsonObject>): Json | undefined {
  const { folded, value } = payload
  let body = value
  for (let level = typeof folded === 'number' ? Math.min(folded, 8) : 0; level > 0; level -= 1) {
    if (!Array.isArray(body)) return undefined
    const parts = body.map((key: Json) => pieces.get(String(key))?.['value'])
    if (!parts.every((part) => typeof part === 'string')) return undefined
    try {
      body = JSON.parse(parts.join('')) as Json
    } catch {
      return undefined
    }
  }
  return body
}

function isManifest(value: Json | undefined): value is Json & Manifest {
  return (
    isObject(value) &&
    typeof value['rest'] === 'string' &&
    isObject(value['lists']) &&
    isObject(value['observability'])
  )
}

function newestFirst(a: Manifest, b: Manifest): number {
  if (a.savedAt !== b.savedAt) return b.savedAt - a.savedAt
  if (a.stages !== b.stages) return b.stages - a.stages
  return a.rest < b.rest ? -1 : 1
}

/** Keys in one order, so that the same run is the same text. As deep as what was let in. */
function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value)) return value
  const keys = Object.keys(value).toSorted()
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key] ?? null)]))
}
