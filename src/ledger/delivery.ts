/**
 * Owns one write from end to end: whole texts first, then the ledger's transaction, then the frame of the second
 * copy, then the news. What to do when it fails is the writer's business.
 */
import type { Transition } from '../core/accept.ts'
import type { RunCommand } from '../core/commands.ts'
import type { StoredText } from '../core/content.ts'
import type { LogId } from '../core/ids.ts'
import type { Clock, ContentStore } from '../core/ports.ts'
import { withDeadline } from '../core/deadline.ts'
import { frameOf } from './mirror.ts'
import type { Mirror } from './mirror.ts'
import type { Ledger, LedgerBatch } from './port.ts'
import { isEmpty } from './work.ts'
import type { WriterWork } from './work.ts'

const CONTENT_DEADLINE_MS = 5_000

export interface Commit {
  /** Per log the last sequence that is durable now. */
  persisted: readonly { log: LogId; sequence: number }[]
  transitions: readonly Transition[]
  commands: readonly RunCommand[]
  /** Copies on disk that hold it or are about to: 0 in memory, 1 in IndexedDB, 2 with the journal. */
  copies: number
}

export class Delivery {
  readonly #ledger: Ledger
  readonly #content: ContentStore
  readonly #clock: Clock
  readonly #mirror: Mirror
  readonly #committed: (commit: Commit) => void

  constructor(options: {
    ledger: Ledger
    content: ContentStore
    clock: Clock
    mirror: Mirror
    committed: (commit: Commit) => void
  }) {
    this.#ledger = options.ledger
    this.#content = options.content
    this.#clock = options.clock
    this.#mirror = options.mirror
    this.#committed = options.committed
  }

  /** Copies on disk, when the journal has what was written or has not. */
  copies(mirrored = this.#mirror.isComplete): number {
    return this.#ledger.kind === 'memory' ? 0 : mirrored ? 2 : 1
  }

  /** Resolves when the ledger has it, with what tells whether the journal does. @throws LedgerError; nothing is written. */
  async write(work: WriterWork): Promise<{ mirrored: Promise<boolean> }> {
    if (isEmpty(work)) return { mirrored: Promise.resolve(this.#mirror.isComplete) }
    // Whole texts first: a committed reference resolves. One that cannot be kept reads as missing; the
    // events do not wait for it.
    if (work.contents.length > 0) await Promise.allSettled(work.contents.map((each) => this.#keep(each)))
    const batch = toBatch(work)
    const receipt = await this.#ledger.write(batch)
    const mirrored = this.#mirror.append(frameOf(batch, receipt))
    const { transitions, commands } = work
    const persisted = work.logs.map(({ log, base, events }) => ({
      log,
      sequence: events.at(-1)?.sequence ?? base,
    }))
    this.#committed({ persisted, transitions, commands, copies: this.copies() })
    return { mirrored }
  }

  async #keep({ ref, text }: StoredText): Promise<void> {
    const late = (): Error => new Error('late')
    await withDeadline(this.#clock, this.#content.put(ref, text), CONTENT_DEADLINE_MS, late)
  }
}

export function toBatch({
  contents: _contents,
  transitions: _transitions,
  ...batch
}: WriterWork): LedgerBatch {
  return batch
}
