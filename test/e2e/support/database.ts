/** Owns the ledger's database as a test sees it: what is stored, and damage done to it behind the app's back. */
import type { Page } from 'playwright'

/** The scope is the app's (`app/store.ts`), the name the library's (`src/ledger/indexedDb.ts`). */
const NAME = 'run-ledger:demo'

type StoreName = 'runs' | 'workflows' | 'segments' | 'commands'

/** How many records a store has. */
export function stored(page: Page, store: StoreName): Promise<number> {
  return page.evaluate(inStore, { name: NAME, store, work: 'count' as const })
}

/** Deletes every record of a store. The app must not be on the page. */
export async function deleteAll(page: Page, store: StoreName): Promise<void> {
  await page.evaluate(inStore, { name: NAME, store, work: 'clear' as const })
}

/** Ids of the tool calls that are on disk with their end. */
export function storedCalls(page: Page): Promise<string[]> {
  return page.evaluate(readCalls, NAME)
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

function readCalls(name: string): Promise<string[]> {
  interface StoredRun {
    record: { run: { id: string }; toolCalls: { id: string; status: string }[] }
  }
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name)
    opening.addEventListener('error', () => reject(opening.error))
    opening.addEventListener('success', () => {
      const db = opening.result
      const request: IDBRequest<StoredRun[]> = db.transaction('runs').objectStore('runs').getAll()
      request.addEventListener('error', () => reject(request.error))
      request.addEventListener('success', () => {
        db.close()
        const calls = request.result.flatMap(({ record: { run, toolCalls } }) =>
          toolCalls
            .filter(({ status }) => status === 'completed')
            .map(({ id }) => `subagent:${run.id}/${id}`),
        )
        resolve(calls)
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
