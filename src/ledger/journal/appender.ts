/**
 * Owns the file a writer appends to. It is begun with the first frame, sealed when it is full, and given up after
 * any error: nothing is ever written behind a torn frame, and no file is ever opened twice for writing, so that a
 * handle the browser still holds after a reload is in nobody's way.
 */
import { toLedgerError } from '../ledgerErrors.ts'
import { LedgerError } from '../port.ts'
import type { FileName, FileWriter, JournalDirectory } from './directory.ts'
import { escapeName, readName, spellName } from './directory.ts'
import type { Totals } from './envelope.ts'
import { NOTHING } from './envelope.ts'
import { encodeFrame } from './frames.ts'
import type { JournalFrame } from './port.ts'

/** A file is sealed when it has reached this. */
export const SEAL_BYTES = 4 * 1024 * 1024

/** Of one frame: null when it is flushed. */
export type Outcome = LedgerError | null

export class Appender {
  readonly #directory: JournalDirectory
  readonly #writer: string
  #file: FileWriter | null = null
  #bytes = 0
  #totals: Totals = NOTHING
  /** The epoch last used. Looked up once: names of files that are gone are not used again. */
  #epoch: Promise<number> | null = null
  /** The highest stamp seen: where a frame without a stamp stands. */
  #highest = 0

  constructor(directory: JournalDirectory, writer: string) {
    this.#directory = directory
    this.#writer = escapeName(writer)
  }

  /** Whether `append` can be called. */
  get isOpen(): boolean {
    return this.#file !== null
  }

  /** The next frame without a stamp stands behind this write. */
  knows(batch: number): void {
    this.#highest = Math.max(this.#highest, batch)
  }

  /** A name no file of this writer has, or had while this appender lives. */
  async nextName(type: FileName['type']): Promise<string> {
    const last = this.#epoch ?? this.#directory.list().then((files) => highestEpoch(files, this.#writer))
    const next = last.then((epoch) => epoch + 1)
    this.#epoch = next
    try {
      return spellName({ writer: this.#writer, epoch: await next, type })
    } catch (error) {
      this.#epoch = null
      throw error
    }
  }

  /** Begins a file unless one is open. @throws LedgerError */
  async open(): Promise<void> {
    if (this.#file !== null) return
    try {
      this.#file = await this.#directory.create(await this.nextName('log'))
      this.#bytes = 0
      this.#totals = NOTHING
    } catch (error) {
      throw toLedgerError(error)
    }
  }

  /** Writes the frames and flushes once. After the first that fails none is written. */
  append(frames: readonly JournalFrame[]): readonly Outcome[] {
    const outcomes: Outcome[] = []
    let failure: LedgerError | null = null
    for (const frame of frames) {
      if (failure === null) {
        const outcome = this.#write(frame)
        outcomes.push(outcome)
        // Data that cannot be encoded harms no file.
        if (outcome !== null && outcome.kind !== 'invalid') failure = outcome
      } else outcomes.push(failure)
    }
    if (failure !== null) {
      const isSafe = this.#giveUp()
      return isSafe ? outcomes : outcomes.map((outcome) => outcome ?? failure)
    }
    try {
      this.#file?.flush()
    } catch (error) {
      this.#giveUp()
      const late = toLedgerError(error)
      return outcomes.map((outcome) => outcome ?? late)
    }
    if (this.#bytes >= SEAL_BYTES) this.#seal()
    return outcomes
  }

  #write(frame: JournalFrame): Outcome {
    if (this.#file === null) return new LedgerError('transient', 'No journal file is open.')
    let encoded: ReturnType<typeof encodeFrame>
    try {
      encoded = encodeFrame(frame, this.#totals, this.#highest)
    } catch (error) {
      return new LedgerError('invalid', `A frame cannot be encoded: ${String(error)}`, { cause: error })
    }
    try {
      this.#file.write(encoded.bytes, this.#bytes)
    } catch (error) {
      return toLedgerError(error)
    }
    this.#bytes += encoded.bytes.length
    this.#totals = encoded.totals
    this.knows(encoded.totals.batch)
    return null
  }

  /** After an error: what is whole is kept if the disk agrees; the next frame begins a file. */
  #giveUp(): boolean {
    const file = this.#file
    this.#file = null
    try {
      file?.truncate(this.#bytes)
      file?.flush()
      return true
    } catch {
      return false
    } finally {
      file?.close()
    }
  }

  #seal(): void {
    this.#file?.close()
    this.#file = null
  }

  /** Lets go of the file; the next frame begins another. */
  close(): void {
    this.#seal()
  }
}

function highestEpoch(files: readonly { name: string }[], writer: string): number {
  const epochs = files.flatMap(({ name }) => {
    const read = readName(name)
    return read?.writer === writer ? [read.epoch] : []
  })
  return Math.max(0, ...epochs)
}
