/**
 * Owns how an older database becomes one of today: numbered steps, each told in a sentence, all in the one
 * transaction in which the browser raises the version. A step that fails takes every step back with it.
 */
import type { IDBPDatabase, IDBPTransaction } from 'idb'
import type { LogId } from '../core/ids.ts'
import type { Migrated } from './port.ts'
import { toListing } from './rows.ts'
import type { Row } from './rows.ts'
import { LIST_INDEXES, MIN_READER } from './schema.ts'
import type { LedgerTransaction, Meta, Segment } from './schema.ts'
import { recountTallies } from './tallies.ts'

/** Layouts differ per version, so a step knows stores by name only. */
export type AnyDatabase = IDBPDatabase
export type AnyUpgrade = IDBPTransaction<unknown, string[], 'versionchange'>

interface Migration {
  /** The version it leads to. */
  to: number
  /** What it does, for a person. */
  sentence: string
  /** Gives back how many records it wrote. */
  run(db: AnyDatabase, tx: AnyUpgrade): Promise<number>
}

export class MigrationError extends Error {
  override readonly name = 'MigrationError'
  /** The step that failed. */
  readonly step: Pick<Migrated, 'to' | 'sentence'>

  constructor(step: Pick<Migrated, 'to' | 'sentence'>, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(`Step ${step.to} of the ledger's layout failed (${step.sentence}): ${reason}`, { cause })
    this.step = step
  }
}

/** Records read at a time: a large history must not be in memory at once. */
const CHUNK = 200

const MIGRATIONS: readonly Migration[] = [
  {
    to: 1,
    sentence: 'A row for each run and workflow run, their events in segments, and what goes with them.',
    async run(db) {
      for (const name of ['runs', 'workflows']) {
        const store = db.createObjectStore(name)
        for (const field of ['sortAt', 'unsettled', 'thread', 'workflow']) store.createIndex(field, field)
      }
      const plain = ['segments', 'blobs', 'streams', 'commands', 'quarantine', 'tombstones', 'meta']
      for (const name of plain) db.createObjectStore(name)
      return 0
    },
  },
  {
    to: 2,
    sentence:
      'Lists are served from listings, written only when a list changes; deletions and the size are numbered; a page that leaves has letters.',
    async run(db, tx) {
      for (const name of ['runs', 'workflows']) {
        const store = tx.objectStore(name)
        for (const index of store.indexNames) store.deleteIndex(index)
      }
      const listings = db.createObjectStore('listings')
      for (const [name, keyPath] of Object.entries(LIST_INDEXES)) listings.createIndex(name, [...keyPath])
      db.createObjectStore('tallies')
      db.createObjectStore('letters')

      let records = 0
      for (const name of ['runs', 'workflows']) {
        for await (const rows of chunksOf<LogId, Row>(tx, name)) {
          await Promise.all(rows.map(async ([log, { record }]) => listings.put(toListing(record), log)))
          records += rows.length
        }
      }
      await recountTallies(tx as unknown as LedgerTransaction<'readwrite'>)
      const meta = await tx.objectStore('meta').get('ledger')
      return meta === undefined ? records : records + (await numberAll(tx, meta as SchemaOneMeta))
    },
  },
  {
    to: 3,
    sentence: 'What many runs tell at once is stored as one record, and sorted by run later.',
    async run(db, tx) {
      db.createObjectStore('bundles')
      const store = tx.objectStore('meta')
      const meta = (await store.get('ledger')) as SchemaTwoMeta | undefined
      if (meta === undefined) return 0
      const behind = Object.entries(meta.behind ?? {}) as [LogId, readonly [number, number]][]
      const next: Meta = {
        ...meta,
        schema: 3,
        minReader: MIN_READER,
        bundles: 0,
        behind: Object.fromEntries(behind.map(([log, [row, head]]) => [log, [row, head, head]])),
      }
      await store.put(next, 'ledger')
      return 1
    },
  },
]

type SchemaTwoMeta = Omit<Meta, 'bundles' | 'behind'> & {
  behind?: Readonly<Record<LogId, readonly [row: number, head: number]>>
}
type SchemaOneMeta = Omit<SchemaTwoMeta, 'minReader' | 'bytes'>

/** Adds what later schemas count: the write that deleted a log, and the size of all texts. */
async function numberAll(tx: AnyUpgrade, meta: SchemaOneMeta): Promise<number> {
  const tombstones = tx.objectStore('tombstones')
  let records = 1
  for await (const chunk of chunksOf<LogId, { at: number }>(tx, 'tombstones')) {
    await Promise.all(chunk.map(async ([log, { at }]) => tombstones.put({ at, batch: meta.batch }, log)))
    records += chunk.length
  }
  let bytes = 0
  for await (const chunk of chunksOf<IDBValidKey, Segment>(tx, 'segments')) {
    for (const [, { body }] of chunk) bytes += body.length
  }
  for await (const chunk of chunksOf<IDBValidKey, string>(tx, 'blobs')) {
    for (const [, text] of chunk) bytes += text.length
  }
  const next: SchemaTwoMeta = { ...meta, schema: 2, minReader: 2, bytes }
  await tx.objectStore('meta').put(next, 'ledger')
  return records
}

/**
 * Runs the steps from `from` on. Call it from `upgradeneeded` and do not wait for it there: the transaction ends
 * when it is done.
 * @throws MigrationError; the transaction is aborted and the database is what it was.
 */
export async function migrate(
  db: AnyDatabase,
  from: number,
  tx: AnyUpgrade,
  steps: readonly Migration[] = MIGRATIONS,
): Promise<readonly Migrated[]> {
  const done: Migrated[] = []
  // Who opened the database hears of its end.
  tx.done.catch(() => {})
  for (const { to, sentence, run } of steps) {
    if (to <= from) continue
    try {
      done.push({ to, sentence, records: await run(db, tx) })
    } catch (error) {
      abort(tx)
      throw new MigrationError({ to, sentence }, error)
    }
  }
  return done
}

function abort(tx: AnyUpgrade): void {
  try {
    tx.abort()
  } catch {
    // It is over already, which is what was wanted.
  }
}

/** All keys and values of a store, a bounded number at a time. */
async function* chunksOf<Key extends IDBValidKey, Value>(
  tx: AnyUpgrade,
  name: string,
): AsyncGenerator<readonly (readonly [Key, Value])[]> {
  const store = tx.objectStore(name)
  let range: IDBKeyRange | null = null
  for (;;) {
    const [keys, values] = await Promise.all([store.getAllKeys(range, CHUNK), store.getAll(range, CHUNK)])
    yield keys.map((key, index) => [key as Key, values[index] as Value] as const)
    const last = keys.at(-1)
    if (last === undefined || keys.length < CHUNK) return
    range = IDBKeyRange.lowerBound(last, true)
  }
}
