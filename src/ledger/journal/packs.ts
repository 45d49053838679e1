/**
 * Owns packed files: many frames in compressed blocks between a manifest, which names the files the pack takes the
 * place of, and a trailer. Heads and texts of a block are compressed apart, so that a scan unpacks heads only. A
 * pack without its trailer is unfinished, and nothing it names has been removed yet.
 */
import type { Envelope, Totals } from './envelope.ts'
import { KIND, NOTHING, seal } from './envelope.ts'
import type { FileWriter } from './directory.ts'
import type { Parts, StoredHead } from './frames.ts'
import { bodyLength, concat, decodeJson, encodeJson, plus } from './frames.ts'

/** A file as its bytes tell it: names alone may be used again. */
export interface Fingerprint {
  file: string
  bytes: number
  /** Of the last envelope; 0 for a torn end. */
  crc: number
}

export interface Manifest {
  replaces: readonly Fingerprint[]
}

/** Texts that go into one block: enough to compress well, little enough to hold while one frame is read. */
const BLOCK_BYTES = 1024 * 1024

async function through(
  bytes: Uint8Array,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  const packed = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(stream)
  return new Uint8Array(await new Response(packed).arrayBuffer())
}

const gzip = (bytes: Uint8Array): Promise<Uint8Array> => through(bytes, new CompressionStream('gzip'))
const gunzip = (bytes: Uint8Array): Promise<Uint8Array> => through(bytes, new DecompressionStream('gzip'))

/** The heads of a block's frames. @throws when it does not unpack */
export async function blockHeads(block: Envelope): Promise<readonly StoredHead[]> {
  return decodeJson(await gunzip(block.head)) as StoredHead[]
}

/** The frames of a block. @throws when it does not unpack */
export async function blockParts(block: Envelope): Promise<readonly Parts[]> {
  const [heads, texts] = await Promise.all([blockHeads(block), gunzip(block.body)])
  let at = 0
  return heads.map((head) => ({ head, body: texts.subarray(at, (at += bodyLength(head))) }))
}

/** Writes one pack from begin to end. */
export class PackWriter {
  readonly #file: FileWriter
  #at = 0
  #totals: Totals = NOTHING
  #waiting: Parts[] = []
  #waitingBytes = 0

  constructor(file: FileWriter, manifest: Manifest) {
    this.#file = file
    this.#write(seal(KIND.manifest, encodeJson(manifest), [], NOTHING))
  }

  async add(parts: Parts): Promise<void> {
    this.#waiting.push(parts)
    this.#waitingBytes += parts.body.length
    if (this.#waitingBytes >= BLOCK_BYTES) await this.#writeBlock()
  }

  /** The pack is whole and flushed when this resolves. */
  async finish(): Promise<Totals> {
    if (this.#waiting.length > 0) await this.#writeBlock()
    // What it counts is on the disk before anything says so.
    this.#file.flush()
    this.#write(seal(KIND.trailer, new Uint8Array(), [], this.#totals))
    this.#file.flush()
    return this.#totals
  }

  async #writeBlock(): Promise<void> {
    const heads = this.#waiting.map(({ head }) => head)
    const texts = concat(this.#waiting.map(({ body }) => body))
    this.#waiting = []
    this.#waitingBytes = 0
    this.#totals = heads.reduce(plus, this.#totals)
    const [head, body] = await Promise.all([gzip(encodeJson(heads)), gzip(texts)])
    this.#write(seal(KIND.block, head, [body], this.#totals))
  }

  #write(bytes: Uint8Array): void {
    this.#file.write(bytes, this.#at)
    this.#at += bytes.length
  }
}
