/**
 * Owns the journal over any directory: the same code runs in the worker over OPFS and in Node over memory.
 */
import { Appender } from './appender.ts'
import type { Outcome } from './appender.ts'
import { compactFiles } from './compaction.ts'
import type { JournalDirectory } from './directory.ts'
import { escapeName } from './directory.ts'
import type { FrameHead, JournalFrame, JournalScan, Witness } from './port.ts'
import { readFrames, scanFiles } from './scan.ts'
import { leftovers, survey, witnessOf } from './survey.ts'

export interface Sizes {
  before: number
  after: number
}

const LOOKS = 3

export class JournalStore {
  readonly #directory: JournalDirectory
  readonly #appender: Appender

  constructor(directory: JournalDirectory, writer: string) {
    this.#directory = directory
    this.#appender = new Appender(directory, writer)
  }

  async open(): Promise<Witness | null> {
    const witness = await steady(async () => witnessOf(await survey(this.#directory)))
    this.#appender.knows(witness?.batch ?? 0)
    return witness
  }

  /** Whether `append` can be called now. */
  get isReady(): boolean {
    return this.#appender.isOpen
  }

  /** @throws LedgerError */
  prepare(): Promise<void> {
    return this.#appender.open()
  }

  /** Sync; frames that share a call share a flush. */
  append(frames: readonly JournalFrame[]): readonly Outcome[] {
    return this.#appender.append(frames)
  }

  scan(onStep: () => void = () => {}): Promise<JournalScan> {
    return steady(async () => {
      const found = await survey(this.#directory)
      const scan = await scanFiles(
        found.counted.map(({ file }) => file),
        onStep,
      )
      const damaged = new Set(scan.damage.map(({ file }) => file))
      // A pack that was damaged while the files it came from are still there: they are the better copy.
      const originals = found.counted
        .filter(({ file }) => damaged.has(file.name))
        .flatMap((pack) => leftovers(pack, found))
      if (originals.length === 0) return scan
      return scanFiles(
        [...found.counted, ...originals].map(({ file }) => file),
        onStep,
      )
    })
  }

  async read(places: readonly FrameHead['at'][]): Promise<readonly JournalFrame[]> {
    return readFrames(await this.#directory.list(), places)
  }

  async compact(living: readonly string[], onStep: () => void = () => {}): Promise<Sizes> {
    const before = await this.#size()
    await compactFiles({
      directory: this.#directory,
      living: new Set(living.map(escapeName)),
      nextPack: () => this.#appender.nextName('pack'),
      onStep,
    })
    return { before, after: await this.#size() }
  }

  close(): void {
    this.#appender.close()
  }

  /** Removes every file; resolves to how many somebody still holds. */
  async destroy(): Promise<number> {
    this.close()
    let held = 0
    for (const { name } of await this.#directory.list()) {
      if (!(await this.#directory.remove(name))) held += 1
    }
    if (held === 0) await this.#directory.destroy()
    return held
  }

  async #size(): Promise<number> {
    return (await this.#directory.list()).reduce((sum, { bytes }) => sum + bytes, 0)
  }
}

/** Again when a file went away under the look: another page compacts. */
async function steady<Value>(look: () => Promise<Value>): Promise<Value> {
  for (let left = LOOKS - 1; ; left -= 1) {
    try {
      return await look()
    } catch (error) {
      if (left === 0) throw error
    }
  }
}
