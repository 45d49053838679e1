/** A disk with four logs of several segments each, and ways to lose parts of it. */
import type { LogId } from '../../../src/core/ids.ts'
import type { SegmentKey } from '../../../src/ledger/schema.ts'
import { storeOf } from '../../../src/ledger/schema.ts'
import type { contentsOf } from '../../../src/testing/conformance/context.ts'
import type { Chronicle } from '../../../src/testing/conformance/samples.ts'
import { chronicle, randomEvent, seeded } from '../../../src/testing/conformance/samples.ts'
import type { Disk } from './databases.ts'
import { freshDisk, onDisk } from './databases.ts'

export const LOGS: readonly LogId[] = ['r:one', 'r:two', 'r:three', 'w:flow']

/** Four logs with several segments each, written by a ledger that is then closed. */
export async function filled(seed = 1): Promise<{ disk: Disk; story: Chronicle; events: number }> {
  const disk = await freshDisk()
  const story = chronicle()
  const random = seeded(seed)
  for (let round = 0; round < 6; round += 1) {
    const told = LOGS.flatMap((log) =>
      Array.from({ length: 1 + random.below(4) }, () => randomEvent(random, log, round * 10)),
    )
    await disk.ledger.write(story.tell(told))
  }
  await disk.ledger.close()
  return { disk, story, events: [...story.events.values()].flat().length }
}

export const segmentsOf = (disk: Disk) =>
  onDisk(disk, async (db) => {
    const values = await db.getAll('segments')
    return (await db.getAllKeys('segments')).map((key, index) => ({ key, segment: values[index] ?? fail() }))
  })

export const drop = (disk: Disk, keys: readonly SegmentKey[]) =>
  onDisk(disk, async (db) => {
    for (const key of keys) await db.delete('segments', key)
  })

export const dropRows = (disk: Disk, logs: readonly LogId[]) =>
  onDisk(disk, async (db) => {
    for (const log of logs) await db.delete(storeOf(log), log)
  })

export const everything = (logs: readonly LogId[] = LOGS) =>
  ({ ...chronicle().propose([]), logs: logs.map((log) => ({ log })) }) as unknown as Parameters<
    typeof contentsOf
  >[1]

export function fail(): never {
  throw new Error('The sample is too small.')
}
