/** Owns reading everything a scope has on disk, as it lies there: keys and values of every store of every database. */

export async function databasesHolding(scope: string): Promise<string[]> {
  const names = (await indexedDB.databases()).flatMap(({ name }) => name ?? [])
  const records: string[] = []
  for (const name of names.filter((each) => each.endsWith(`:${scope}`)))
    records.push(...(await readAll(name)))
  return records
}

function readAll(name: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name)
    opening.addEventListener('error', () => reject(opening.error))
    opening.addEventListener('success', () => {
      const db = opening.result
      const records: string[] = []
      if (db.objectStoreNames.length === 0) {
        db.close()
        resolve(records)
        return
      }
      const tx = db.transaction([...db.objectStoreNames])
      for (const store of db.objectStoreNames) {
        const keys = tx.objectStore(store).getAllKeys()
        const values = tx.objectStore(store).getAll()
        keys.addEventListener('success', () => records.push(...keys.result.map((key) => JSON.stringify(key))))
        values.addEventListener('success', () => records.push(...values.result.map((value) => textOf(value))))
      }
      tx.addEventListener('complete', () => {
        db.close()
        resolve(records)
      })
      tx.addEventListener('abort', () => reject(tx.error))
    })
  })
}

/** Bytes as text: a segment may be either. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    ArrayBuffer.isView(part) || part instanceof ArrayBuffer
      ? new TextDecoder('latin1').decode(part as Uint8Array)
      : part,
  )
}
