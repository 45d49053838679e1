/**
 * Owns packing: what dead writers left and what is full becomes compressed, without what was deleted since. Every
 * frame keeps its stamp and its `net`, so no sum changes. A pack is whole, flushed and read back before anything it
 * takes the place of is removed; a crash in between is sorted out by `survey` and cleaned up by the next run.
 */
import type { LogId } from '../../core/ids.ts'
import { logOfContent } from '../../core/ids.ts'
import { LedgerError } from '../port.ts'
import type { JournalDirectory, StoredFile } from './directory.ts'
import { readName } from './directory.ts'
import type { Totals } from './envelope.ts'
import { NOTHING, walk } from './envelope.ts'
import type { Parts, StoredHead } from './frames.ts'
import { bodyLength, orderOf, plus, withoutTexts } from './frames.ts'
import { PackWriter } from './packs.ts'
import type { FileScan } from './scan.ts'
import { headsIn, partsOf } from './scan.ts'
import type { Survey, Surveyed } from './survey.ts'
import { fingerprintOf, isFinished, leftovers, survey } from './survey.ts'

export interface Compaction {
  directory: JournalDirectory
  /** Escaped names of writers that are alive. */
  living: ReadonlySet<string>
  nextPack(): Promise<string>
  /** Called now and then, as a sign of life. */
  onStep(): void
}

/** A pack smaller than this is packed again with what comes next. */
const SMALL_BYTES = 2 * 1024 * 1024
/** Texts that go into one pack. */
const PACK_BYTES = 32 * 1024 * 1024
/** Their names must fit the room of a manifest. */
const PACK_FILES = 500

interface Scanned extends Surveyed, FileScan {}

export async function compactFiles(compaction: Compaction): Promise<void> {
  const { directory, onStep } = compaction
  const found = await cleanUp(directory, await survey(directory), compaction.living)
  const settled = await settledFiles(compaction, found)
  if (!settled.some(isLog)) return
  const scanned: Scanned[] = []
  for (const each of found.counted) {
    scanned.push({ ...each, ...(await headsIn(each.file)) })
    onStep()
  }
  const deleted = new Deleted(scanned)
  const inputs = scanned.filter(
    (each) =>
      settled.some(({ file }) => file.name === each.file.name) &&
      // Nothing is removed that could not be read: a torn end was never acknowledged, other damage stays.
      each.holes.every(({ torn }) => torn) &&
      (isLog(each) || each.file.bytes < SMALL_BYTES || each.heads.some(({ head }) => deleted.isIn(head))),
  )
  for (const group of groups(inputs)) await pack(compaction, group, deleted)
}

const isLog = ({ file }: Surveyed): boolean => readName(file.name)?.type === 'log'

/** Files nobody will write to, and packs with nothing left to clean up. */
async function settledFiles({ directory, living }: Compaction, found: Survey): Promise<readonly Surveyed[]> {
  const settled: Surveyed[] = []
  for (const each of found.counted) {
    const isWhole = isLog(each) || (isFinished(each) && leftovers(each, found).length === 0)
    if (isWhole && !isActive(each.file, found, living) && (await directory.isFree(each.file.name))) {
      settled.push(each)
    }
  }
  return settled
}

/** The last file of a writer that is alive. */
function isActive({ name }: StoredFile, { counted, empty }: Survey, living: ReadonlySet<string>): boolean {
  const own = readName(name)
  if (own === null || own.type === 'pack' || !living.has(own.writer)) return false
  const later = [...counted.map(({ file }) => file), ...empty].some((other) => {
    const read = readName(other.name)
    return read?.type === 'log' && read.writer === own.writer && read.epoch > own.epoch
  })
  return !later
}

/** Removes what earlier runs left, then gives the files as they are. */
async function cleanUp(
  directory: JournalDirectory,
  found: Survey,
  living: ReadonlySet<string>,
): Promise<Survey> {
  const dead = found.empty.filter(({ name }) => !living.has(readName(name)?.writer ?? ''))
  const kept = await originalsOfDamagedPacks(found)
  // A pack goes after all it names: it is what says that they are superseded.
  const superseded = found.superseded
    .filter((each) => !kept.has(each))
    .toSorted((a, b) => Number(isFinished(a)) - Number(isFinished(b)))
  const waste = [...dead, ...[...found.unfinished, ...superseded].map(({ file }) => file)]
  if (waste.length === 0) return found
  for (const { name } of waste) {
    if (!(await directory.remove(name))) break
  }
  return survey(directory)
}

/** Its writer died before it read the pack back, and the pack is not whole: the originals are the better copy. */
async function originalsOfDamagedPacks(found: Survey): Promise<ReadonlySet<Surveyed>> {
  const kept = new Set<Surveyed>()
  for (const each of [...found.counted, ...found.superseded].filter(isFinished)) {
    const originals = leftovers(each, found)
    if (originals.length === 0 || (await headsIn(each.file)).holes.length === 0) continue
    for (const original of originals) kept.add(original)
  }
  return kept
}

function groups(inputs: readonly Scanned[]): readonly (readonly Scanned[])[] {
  const made: Scanned[][] = []
  let room = 0
  for (const each of inputs) {
    const bytes = each.heads.reduce((sum, { head }) => sum + bodyLength(head), 0)
    const group = made.at(-1)
    if (group === undefined || bytes > room || group.length >= PACK_FILES) {
      made.push([each])
      room = PACK_BYTES - bytes
    } else {
      group.push(each)
      room -= bytes
    }
  }
  return made
}

async function pack(compaction: Compaction, group: readonly Scanned[], deleted: Deleted): Promise<void> {
  const { directory, onStep } = compaction
  const name = await compaction.nextPack()
  const expected = group.flatMap(({ heads }) => heads.map(({ head }) => head)).reduce(plus, NOTHING)
  const file = await directory.create(name)
  try {
    const writer = new PackWriter(file, { replaces: group.map(fingerprintOf) })
    for (const { file } of group) {
      for (const envelope of walk(await file.read(0, file.bytes)).envelopes) {
        for (const parts of await partsOf(envelope)) await writer.add(deleted.takenFrom(parts))
        onStep()
      }
    }
    await writer.finish()
  } catch (error) {
    file.close()
    await directory.remove(name)
    throw error
  }
  file.close()
  await verify(directory, name, expected)
  for (const { file } of group) await directory.remove(file.name)
}

/** Reads the pack back from the disk. @throws LedgerError when it is not what was packed */
async function verify(directory: JournalDirectory, name: string, expected: Totals): Promise<void> {
  const file = (await directory.list()).find((each) => each.name === name)
  const { heads, holes } = file === undefined ? { heads: [], holes: [] } : await headsIn(file)
  const { frames, net, batch } = heads.reduce((totals, { head }) => plus(totals, head), NOTHING)
  const isEqual = frames === expected.frames && net === expected.net && batch === expected.batch
  if (file !== undefined && holes.length === 0 && isEqual) return
  await directory.remove(name)
  throw new LedgerError('transient', `The journal pack ${name} does not read back; nothing was removed.`)
}

/** What was deleted, and by which write. */
class Deleted {
  readonly #batches = new Map<LogId, number>()

  constructor(scanned: readonly FileScan[]) {
    for (const { heads } of scanned) {
      for (const { log, batch } of heads.flatMap(({ head }) => head.tombstones)) {
        this.#batches.set(log, Math.max(batch, this.#batches.get(log) ?? 0))
      }
    }
  }

  isIn(head: StoredHead): boolean {
    return (
      head.segments.some(([log]) => this.#isDead(log, head)) ||
      head.blobs.some(([ref]) => this.#isDead(logOfContent(ref), head)) ||
      head.commands.some(({ log }) => this.#isDead(log, head))
    )
  }

  /** The frame without what was deleted after it. */
  takenFrom(parts: Parts): Parts {
    const { head } = parts
    if (!this.isIn(head)) return parts
    const left = withoutTexts(parts, {
      segment: (log: LogId) => !this.#isDead(log, head),
      blob: (ref) => !this.#isDead(logOfContent(ref), head),
    })
    const commands = head.commands.filter(({ log }) => !this.#isDead(log, head))
    return { ...left, head: { ...left.head, commands } }
  }

  #isDead(log: LogId | null, head: StoredHead): boolean {
    return log !== null && orderOf(head) < (this.#batches.get(log) ?? 0)
  }
}
