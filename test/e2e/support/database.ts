/** Owns the ledger's database as a test sees it: what is stored, and damage done to it behind the app's back. */
import type { Page } from 'playwright'
import type { RunRecord } from '../../../src/core/entities.ts'
import { isRunLog } from '../../../src/core/ids.ts'
import type { LogId } from '../../../src/core/ids.ts'
import { foldSegments } from '../../../src/ledger/projection.ts'
import type { Segment, SegmentKey, StoredBundle } from '../../../src/ledger/schema.ts'

/** The scope is the app's (`app/store.ts`), the name the library's (`src/ledger/indexedDb.ts`). */
const NAME = 'run-ledger:demo'

type StoreName = 'runs' | 'workflows' | 'segments' | 'bundles' | 'commands'

/** How many records a store has. */
export function stored(page: Page, store: StoreName): Promise<number> {
  return page.evaluate(inStore, { name: NAME, store, work: 'count' as const })
}

/** Deletes every record of a store. The app must not be on the page. */
export async function deleteAll(page: Page, store: StoreName): Promise<void> {
  await page.evaluate(inStore, { name: NAME, store, work: 'clear' as const })
}

/** Deletes the events, and leaves what the rows know of them. The app must not be on the page. */
export async function deleteEvents(page: Page): Promise<void> {
  await deleteAll(page, 'segments')
  await deleteAll(page, 'bundles')
}

/** Every run as its events on disk tell it, by id. Rows may lie behind them (`src/ledger/behind.ts`). */
export async function storedRuns(page: Page, name = NAME): Promise<RunRecord[]> {
  const segments = new Map<LogId, Segment[]>()
  for (const [log, segment] of await page.evaluate(readSegments, name)) {
    const known = segments.get(log) ?? []
    // A bundle stays until all that is in it is in segments.
    if (isRunLog(log) && segment.first > (known.at(-1)?.last ?? 0)) segments.set(log, [...known, segment])
  }
  return [...segments.values()].map((each) => foldSegments(each)).filter((record) => record?.entity === 'run')
}

/** Ids of the tool calls that are on disk with their end. */
export async function storedCalls(page: Page): Promise<string[]> {
  const runs = await storedRuns(page)
  return runs.flatMap(({ run, toolCalls }) =>
    toolCalls.flatMap(({ id, status }) => (status === 'completed' ? `subagent:${run.id}/${id}` : [])),
  )
}

function inStore(of: { name: string; store: string; work: 'count' | 'clear' }): Promise<number> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(of.name)
    opening.addEventListener('error', () => reject(opening.error))
    opening.addEventListener('success', () => {
      const db = opening.result
      const tx = db.transaction(of.store, 'readwrite')
      const count = tx.objectStore(of.store).count()
      if (of.work === 'clear') tx.objectStore(of.store).clear()
      tx.addEventListener('complete', () => {
        db.close()
        resolve(count.result)
      })
      tx.addEventListener('abort', () => reject(tx.error))
    })
  })
}

function readSegments(name: string): Promise<[LogId, Segment][]> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name)
    opening.addEventListener('error', () => reject(opening.error))
    opening.addEventListener('success', () => {
      const db = opening.result
      const tx = db.transaction(['segments', 'bundles'])
      const keys = tx.objectStore('segments').getAllKeys()
      const segments: IDBRequest<Segment[]> = tx.objectStore('segments').getAll()
      const bundles: IDBRequest<StoredBundle[]> = tx.objectStore('bundles').getAll()
      tx.addEventListener('abort', () => reject(tx.error))
      tx.addEventListener('complete', () => {
        db.close()
        const sorted = segments.result.map((segment, index): [LogId, Segment] => [
          (keys.result[index] as SegmentKey)[0],
          segment,
        ])
        // In the page, where nothing can be imported.
        const bundled = bundles.result.flatMap(({ logs, firsts, lasts, bodies }) =>
          logs.map((log, at): [LogId, Segment] => [
            log,
            { first: firsts[at] ?? 0, last: lasts[at] ?? 0, body: bodies[at] ?? '' },
          ]),
        )
        resolve([...sorted, ...bundled])
      })
    })
  })
}

/** Deletes the second copy: every file the journal keeps in the origin's own file system. */
export async function deleteJournal(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory()
    // Not every library of types knows the iterator yet.
    const names = (root as unknown as { keys(): AsyncIterable<string> }).keys()
    for await (const name of names) await root.removeEntry(name, { recursive: true })
  })
}

/** Deletes the whole database, as a browser does that found it damaged. */
export async function deleteDatabase(page: Page): Promise<void> {
  await page.evaluate(
    (name) =>
      new Promise<void>((resolve, reject) => {
        const deleting = indexedDB.deleteDatabase(name)
        deleting.addEventListener('success', () => resolve())
        deleting.addEventListener('error', () => reject(deleting.error))
      }),
    NAME,
  )
}
