/**
 * Owns which files count. Reads their ends: a pack that is finished takes the place of the files it names, one that
 * is not finished counts for nothing while they are all there. So a crash between two steps of a compaction changes
 * nothing that is read.
 */
import type { JournalDirectory, StoredFile } from './directory.ts'
import { readName } from './directory.ts'
import type { Ending, Totals } from './envelope.ts'
import { FOOTER_BYTES, KIND, NOTHING, readEnding, readEnvelope, walk } from './envelope.ts'
import { decodeJson, plus } from './frames.ts'
import type { Fingerprint, Manifest } from './packs.ts'
import type { Witness } from './port.ts'
import { headsIn } from './scan.ts'

export interface Surveyed {
  file: StoredFile
  /** Null when the end is torn. */
  ending: Ending | null
  /** What a pack takes the place of; null for other files, and for a pack whose begin is unreadable. */
  manifest: Manifest | null
}

export interface Survey {
  counted: readonly Surveyed[]
  /** A finished pack holds what they held. */
  superseded: readonly Surveyed[]
  /** Packs whose writer died. */
  unfinished: readonly Surveyed[]
  /** Files nothing was written to yet. */
  empty: readonly StoredFile[]
}

/** Room for the names of all files a pack takes the place of. */
const MANIFEST_BYTES = 256 * 1024
const LOOKS = 5

export function fingerprintOf({ file, ending }: Surveyed): Fingerprint {
  return { file: file.name, bytes: file.bytes, crc: ending?.crc ?? 0 }
}

const spell = ({ file, bytes, crc }: Fingerprint): string => `${file} ${bytes} ${crc}`

/** A look at all files that holds still: an end that is only just being written is looked at again. */
export async function survey(directory: JournalDirectory): Promise<Survey> {
  const key = (found: readonly Surveyed[]): string =>
    found
      .filter(({ ending }) => ending === null)
      .map(({ file }) => `${file.name} ${file.bytes}`)
      .join()
  let before: string | null = null
  for (let look = 1; ; look += 1) {
    try {
      const files = await directory.list()
      const found = await inspect(directory, files)
      const torn = key(found)
      if (torn === '' || torn === before || look >= LOOKS) return sort(files, found)
      before = torn
    } catch (error) {
      // A compactor in another page removed a file between the list and the look.
      if (look >= LOOKS) throw error
    }
  }
}

async function inspect(
  directory: JournalDirectory,
  files: readonly StoredFile[],
): Promise<readonly Surveyed[]> {
  const filled = files.filter(({ name, bytes }) => bytes > 0 && readName(name) !== null)
  const ends = await directory.readEnds(filled, FOOTER_BYTES)
  return Promise.all(
    filled.map(async (file, index) => ({
      file,
      ending: readEnding(ends[index] ?? new Uint8Array()),
      manifest: readName(file.name)?.type === 'pack' ? await readManifest(file) : null,
    })),
  )
}

async function readManifest(file: StoredFile): Promise<Manifest | null> {
  const bytes = await file.read(0, Math.min(file.bytes, MANIFEST_BYTES))
  const envelope = readEnvelope(bytes, 0)
  if (envelope !== null)
    return envelope.kind === KIND.manifest ? (decodeJson(envelope.head) as Manifest) : null
  // Its writer died in the first line: it holds nothing and takes nobody's place.
  const { envelopes, holes } = file.bytes > bytes.length ? { envelopes: [], holes: [] } : walk(bytes)
  return envelopes.length === 0 && holes.at(0)?.torn === true ? { replaces: [] } : null
}

export const isFinished = ({ ending }: Surveyed): boolean => ending?.kind === KIND.trailer

function sort(files: readonly StoredFile[], found: readonly Surveyed[]): Survey {
  const present = new Set(found.map((each) => spell(fingerprintOf(each))))
  const replaced = new Set(
    found.filter(isFinished).flatMap(({ manifest }) => (manifest?.replaces ?? []).map(spell)),
  )
  const isUnfinished = (each: Surveyed): boolean =>
    each.manifest !== null &&
    !isFinished(each) &&
    each.manifest.replaces.every((one) => present.has(spell(one)))
  const isSuperseded = (each: Surveyed): boolean => replaced.has(spell(fingerprintOf(each)))
  return {
    counted: found.filter((each) => !isSuperseded(each) && !isUnfinished(each)),
    superseded: found.filter(isSuperseded),
    unfinished: found.filter((each) => !isSuperseded(each) && isUnfinished(each)),
    empty: files.filter(({ bytes }) => bytes === 0),
  }
}

/** Files the pack names that are still there. */
export function leftovers({ manifest }: Surveyed, { superseded }: Survey): readonly Surveyed[] {
  const named = new Set((manifest?.replaces ?? []).map(spell))
  return superseded.filter((each) => named.has(spell(fingerprintOf(each))))
}

/** What the journal knows about itself; null when it holds nothing at all. */
export async function witnessOf({ counted }: Survey): Promise<Witness | null> {
  if (counted.length === 0) return null
  const witness: Witness = { batch: 0, events: 0, files: counted.length, bytes: 0, intact: true }
  for (const { file, ending } of counted) {
    const { net, batch } = ending?.totals ?? (await totalsOf(file))
    witness.batch = Math.max(witness.batch, batch)
    witness.events += net
    witness.bytes += file.bytes
    if (ending === null) witness.intact = false
  }
  return witness
}

/** Of a file whose end does not say: everything in it is looked at. */
async function totalsOf(file: StoredFile): Promise<Totals> {
  const { heads } = await headsIn(file)
  return heads.reduce((totals, { head }) => plus(totals, head), NOTHING)
}
