/** Owns seeing that nothing moves on disk any more: what is on the screen is durable some frames later, in both copies. */
import { expect } from 'vitest'

/** `look` gives what the page says of `onDisk`. */
export async function untilAtRest(look: () => Promise<string>): Promise<void> {
  let before: string[] = []
  await expect
    .poll(
      async () => {
        before = [...before.slice(-2), await look()]
        return before.length === 3 && new Set(before).size === 1
      },
      { interval: 150, timeout: 30_000 },
    )
    .toBe(true)
}

/** What was written last, in the page: the ledger's own counters, and the bytes of its journals. */
export async function onDisk(): Promise<string> {
  const databases = await indexedDB.databases()
  const name = databases.map((each) => each.name ?? '').find((each) => each.startsWith('run-ledger:')) ?? ''
  const meta = await new Promise<unknown>((resolve, reject) => {
    const opening = indexedDB.open(name)
    opening.addEventListener('error', () => reject(opening.error))
    opening.addEventListener('success', () => {
      const db = opening.result
      // One of a newer version may have other stores.
      if (!db.objectStoreNames.contains('meta')) {
        db.close()
        return resolve(null)
      }
      const reading = db.transaction('meta').objectStore('meta').get('ledger')
      reading.addEventListener('success', () => {
        db.close()
        resolve(reading.result)
      })
    })
  })
  type Folder = { values(): AsyncIterable<FileSystemHandle> }
  const sizes: number[] = []
  const folders = [(await navigator.storage.getDirectory()) as unknown as Folder]
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for await (const handle of folder.values()) {
      if (handle.kind === 'directory') folders.push(handle as unknown as Folder)
      else sizes.push((await (handle as FileSystemFileHandle).getFile()).size)
    }
  }
  return JSON.stringify([meta, sizes.toSorted((a, b) => a - b)])
}
