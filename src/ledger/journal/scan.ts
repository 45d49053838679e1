/**
 * Owns reading files through: the head of every whole frame and where it lies, what is damaged, and the frames
 * themselves when they are asked for. Every byte read is checked.
 */
import { LedgerError } from '../port.ts'
import type { StoredFile } from './directory.ts'
import type { Envelope, Hole } from './envelope.ts'
import { KIND, readEnvelope, walk } from './envelope.ts'
import type { Parts, StoredHead } from './frames.ts'
import { decodeFrame, orderOf, readParts, toFrameHead } from './frames.ts'
import { blockHeads, blockParts } from './packs.ts'
import type { Damage, FrameHead, JournalFrame, JournalScan } from './port.ts'

interface Located {
  at: FrameHead['at']
  head: StoredHead
}

export interface FileScan {
  heads: readonly Located[]
  holes: readonly Hole[]
}

/** All frames of a file without their texts. */
export async function headsIn(file: StoredFile): Promise<FileScan> {
  const { envelopes, holes } = walk(await file.read(0, file.bytes))
  const heads: Located[] = []
  const unreadable: Hole[] = []
  for (const envelope of envelopes) {
    const found = await headsOf(envelope).catch(() => null)
    // Whole, but not in a form this version reads.
    if (found === null) unreadable.push({ from: envelope.offset, to: envelope.contentEnd, torn: false })
    found?.forEach((head, index) =>
      heads.push({ at: { file: file.name, offset: envelope.offset, index }, head }),
    )
  }
  return { heads, holes: [...holes, ...unreadable] }
}

async function headsOf({ kind, head, body, ...rest }: Envelope): Promise<readonly StoredHead[] | null> {
  if (kind === KIND.block) return blockHeads({ kind, head, body, ...rest })
  if (kind !== KIND.frame) return []
  const parts = readParts(head, body)
  return parts === null ? null : [parts.head]
}

/** All frames of an envelope. @throws when it does not unpack */
export async function partsOf(envelope: Envelope): Promise<readonly Parts[]> {
  if (envelope.kind === KIND.block) return blockParts(envelope)
  const parts = envelope.kind === KIND.frame ? readParts(envelope.head, envelope.body) : null
  return parts === null ? [] : [parts]
}

/** What these files hold, in order of the writes. `onFile` is called behind each. */
export async function scanFiles(files: readonly StoredFile[], onFile: () => void): Promise<JournalScan> {
  const located: Located[] = []
  const damage: Damage[] = []
  for (const file of files) {
    const { heads, holes } = await headsIn(file)
    located.push(...heads)
    for (const { from, to, torn } of holes) {
      damage.push({ file: file.name, bytes: to - from, kind: torn ? 'torn-tail' : 'damaged' })
    }
    onFile()
  }
  located.sort(byOrder)
  return { heads: located.map(({ head, at }) => toFrameHead(head, at)), damage }
}

/** By the number of the write; a frame without one stands behind the last before it. */
function byOrder(a: Located, b: Located): number {
  const byWrite = orderOf(a.head) - orderOf(b.head)
  return byWrite === 0 ? Number(a.head.stamp === null) - Number(b.head.stamp === null) : byWrite
}

/** The frames at these places, in the order asked for. @throws LedgerError when one is not there or not whole */
export async function readFrames(
  files: readonly StoredFile[],
  places: readonly FrameHead['at'][],
): Promise<readonly JournalFrame[]> {
  const byName = new Map(files.map((file) => [file.name, file]))
  /** One file and one block at a time: places come in runs. */
  let current: { name: string; bytes: Uint8Array } = { name: '', bytes: new Uint8Array() }
  let block: { name: string; offset: number; parts: readonly Parts[] } = { name: '', offset: 0, parts: [] }
  const frames: JournalFrame[] = []
  for (const { file: name, offset, index } of places) {
    const file = byName.get(name)
    // A compactor has packed it since the scan.
    if (file === undefined)
      throw new LedgerError('transient', `The journal file ${name} is gone; scan again.`)
    if (current.name !== name) current = { name, bytes: await file.read(0, file.bytes) }
    if (block.name !== name || block.offset !== offset) {
      const envelope = readEnvelope(current.bytes, offset)
      const parts = envelope === null ? [] : await partsOf(envelope).catch(() => [])
      block = { name, offset, parts }
    }
    const parts = block.parts[index]
    if (parts === undefined) throw new LedgerError('invalid', `No whole frame at ${name}:${offset}.`)
    frames.push(decodeFrame(parts))
  }
  return frames
}
