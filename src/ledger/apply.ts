/**
 * Owns one write in its transaction: every log is where the write believes it to be, what is due becomes rows and
 * segments, the rest a bundle. What the page remembers of it counts once it has landed. SPEC W1, W5.
 */
import { planWrite } from './behind.ts'
import { Bundles, putSegments, sortAll } from './bundles.ts'
import type { Unsorted } from './bundles.ts'
import { joinStored } from './cursors.ts'
import { OwnWrites } from './ownWrites.ts'
import type { LedgerBatch, WriteReceipt } from './port.ts'
import { conflict } from './port.ts'
import { putAll } from './puts.ts'
import { storeQuarantine } from './quarantine.ts'
import { unwaited } from './requests.ts'
import { storeOf } from './schema.ts'
import type { LedgerTransaction } from './schema.ts'
import { encode, readHead } from './segments.ts'
import { relist } from './tallies.ts'

/** What this page knows of one open database without reading it. */
export interface Memory {
  own: OwnWrites
  bundles: Bundles
}

export const newMemory = (): Memory => ({ own: new OwnWrites(), bundles: new Bundles() })

export interface Applied {
  receipt: WriteReceipt
  /** To be called when the transaction has committed. */
  landed(): void
}

/** Puts a batch. @throws LedgerError `conflict` with the log that moved. */
export async function applyBatch(
  tx: LedgerTransaction<'readwrite'>,
  batch: LedgerBatch,
  { own, bundles }: Memory,
): Promise<Applied> {
  const metaStore = tx.objectStore('meta')
  let unsorted = await bundles.read(tx)
  if (unsorted.isUnnoted) {
    await metaStore.put(await sortAll(tx), 'ledger')
    unsorted = await bundles.read(tx)
  }
  const { meta } = unsorted
  const { rows, sorted, behind } = planWrite(meta.behind, batch.logs, unsorted.overdue())
  const next = { ...meta, batch: meta.batch + 1, behind }
  await checkHeads(tx, own, unsorted, batch)
  const relisted = batch.logs.flatMap((write) => (write.relisted ? [write.record] : []))
  const [cursors] = await Promise.all([
    joinStored(tx, batch.cursors, (stream) => own.cursor(meta.batch, stream)),
    relist(tx, relisted),
  ])
  if (batch.quarantine.length > 0) await storeQuarantine(tx, batch.quarantine, next)
  for (const { log, base, events } of batch.logs) {
    next.events += events.length
    if (base === 0) next[storeOf(log)] += 1
  }
  const segments = encode(batch.logs)
  const bundled = putSegments(tx, unsorted, segments, sorted, next)
  putAll(tx, { ...batch, cursors }, rows)
  for (const { text } of batch.blobs) next.bytes += text.length
  unwaited(metaStore.put(next, 'ledger'))
  return {
    receipt: { stamp: { batch: next.batch, events: next.events }, segments },
    landed() {
      const heads = batch.logs.map(({ log, base, events }) => [log, events.at(-1)?.sequence ?? base] as const)
      own.wrote(next.batch, heads, cursors)
      bundles.wrote(next.batch, bundled)
    },
  }
}

async function checkHeads(
  tx: LedgerTransaction<'readwrite'>,
  own: OwnWrites,
  unsorted: Unsorted,
  { logs }: LedgerBatch,
): Promise<void> {
  const found = await Promise.all(
    logs.map(({ log }, index) => {
      // One is looked up in any case: events that are lost under the page are missed with the next write.
      const known = index === 0 ? undefined : own.head(unsorted.meta.batch, log)
      return known ?? readHead(tx.objectStore('segments'), unsorted, log)
    }),
  )
  for (const [index, { log, base }] of logs.entries()) {
    const head = found[index] ?? 0
    if (head !== base) throw conflict(log, base, head)
  }
}
