/**
 * Owns what the writer is asked to write, and how later work joins earlier: one write per log.
 */
import type { Transition } from '../core/accept.ts'
import type { RunCommand } from '../core/commands.ts'
import type { StoredText } from '../core/content.ts'
import type { LogId } from '../core/ids.ts'
import type { StreamCursor } from '../core/intake.ts'
import type { QuarantineEntry } from './copies.ts'
import type { Durability, LogWrite } from './port.ts'

/** What one frame asks to have written. */
export interface WriterWork {
  logs: readonly LogWrite[]
  transitions: readonly Transition[]
  cursors: readonly StreamCursor[]
  blobs: readonly StoredText[]
  contents: readonly StoredText[]
  quarantine: readonly QuarantineEntry[]
  commands: readonly RunCommand[]
  durability: Durability
}

export const NO_WORK: WriterWork = {
  logs: [],
  transitions: [],
  cursors: [],
  blobs: [],
  contents: [],
  quarantine: [],
  commands: [],
  durability: 'relaxed',
}

export function isEmpty(work: WriterWork): boolean {
  return (
    work.logs.length === 0 &&
    work.cursors.length === 0 &&
    work.blobs.length === 0 &&
    work.contents.length === 0 &&
    work.quarantine.length === 0 &&
    work.commands.length === 0
  )
}

/** Later work on top of earlier: one write per log, the newest record and cursor, everything else in order. */
export function merge(earlier: WriterWork, later: WriterWork): WriterWork {
  if (isEmpty(earlier)) return later
  const logs = new Map(earlier.logs.map((write) => [write.log, write]))
  for (const write of later.logs) {
    const before = logs.get(write.log)
    logs.set(
      write.log,
      before === undefined
        ? write
        : {
            ...write,
            base: before.base,
            events: [...before.events, ...write.events],
            relisted: before.relisted || write.relisted,
          },
    )
  }
  const cursors = new Map([...earlier.cursors, ...later.cursors].map((cursor) => [cursor.stream, cursor]))
  const commands = new Map([...earlier.commands, ...later.commands].map((command) => [command.id, command]))
  return {
    logs: [...logs.values()],
    transitions: [...earlier.transitions, ...later.transitions],
    cursors: [...cursors.values()],
    blobs: [...earlier.blobs, ...later.blobs],
    contents: [...earlier.contents, ...later.contents],
    quarantine: [...earlier.quarantine, ...later.quarantine],
    commands: [...commands.values()],
    durability: earlier.durability === 'strict' || later.durability === 'strict' ? 'strict' : 'relaxed',
  }
}

/** One log's part of the work at a time, then the rest: cursors are never ahead of their events. */
export function partsOf(work: WriterWork): readonly { log: LogId | null; part: WriterWork }[] {
  const alone = work.logs.map((write) => {
    const transitions = work.transitions.filter(({ log }) => log === write.log)
    return { log: write.log, part: { ...NO_WORK, logs: [write], transitions, durability: work.durability } }
  })
  return [...alone, { log: null, part: { ...work, logs: [], transitions: [] } }]
}

/** The work without these logs, and what is told about them. */
export function withoutLogs(work: WriterWork, logs: ReadonlySet<LogId>): WriterWork {
  return {
    ...work,
    logs: work.logs.filter((write) => !logs.has(write.log)),
    transitions: work.transitions.filter((each) => !logs.has(each.log)),
  }
}
