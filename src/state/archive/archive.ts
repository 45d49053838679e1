/**
 * Owns archives as the host and a person use them: writing out one run, its tree or everything, looking at a file
 * before anything is written, and taking it in.
 */
import type { LogId } from '../../core/ids.ts'
import { exportLines } from '../../ledger/archive.ts'
import { treesOf } from '../../ledger/retention.ts'
import type { QuarantineEntry } from '../../ledger/copies.ts'
import { interrupt, putAside, show } from './afterImport.ts'
import { applyArchive } from './import.ts'
import type { Imported } from './import.ts'
import { inspectArchive } from './inspect.ts'
import type { ArchiveDiff } from './inspect.ts'
import { ARCHIVE_STREAM } from './reader.ts'
import { readNodes } from '../housekeeping/retention.ts'
import type { Runtime } from '../runtime.ts'

export interface ArchiveScope {
  /** This log, or with `tree` everything it belongs to; absent: all there is. */
  log?: LogId
  tree?: boolean
  /** Documents, prompts and tool output as well. Default: yes. */
  contents?: boolean
}

/** The lines of an archive, as text to be written one after the other. @throws LedgerError */
export async function* exportArchive(runtime: Runtime, scope: ArchiveScope = {}): AsyncGenerator<string> {
  await runtime.writer.whenWritten()
  const logs = await logsIn(runtime, scope)
  const { contents = true } = scope
  yield* exportLines(runtime.ledger, runtime.content, { logs: logs.toSorted(), contents })
}

async function logsIn({ ledger }: Runtime, { log, tree = false }: ArchiveScope): Promise<readonly LogId[]> {
  if (log !== undefined && !tree) return [log]
  const nodes = await readNodes(ledger)
  if (log === undefined) return nodes.map((node) => node.log)
  const whole = treesOf(nodes).find((each) => each.nodes.some((node) => node.log === log))
  return whole?.nodes.map((node) => node.log) ?? [log]
}

export interface ImportResult extends Omit<Imported, 'logs'> {
  added: number
  grown: number
  /** Runs that were in flight when they were archived and that nobody carries on. */
  interrupted: number
  /** Logs that say something else here, left as they are. */
  differing: number
  refused: number
}

/**
 * Takes in what `inspectArchive` found missing; nothing that is here changes. Refused lines are quarantined, the
 * first of them one by one. @throws ArchiveError, LedgerError
 */
export async function importArchive(
  runtime: Runtime,
  file: Blob,
  onProgress: (read: number) => void = () => {},
): Promise<ImportResult> {
  const diff = await inspectArchive(runtime, file, (read) => onProgress(read / 2))
  const { logs, ...done } = await applyArchive(runtime, file, diff, (read) => onProgress((1 + read) / 2))
  await putAside(runtime, asEntries(runtime, diff))
  const fresh = logs.filter(({ isNew }) => isNew).map(({ log }) => log)
  const interrupted = await interrupt(runtime, fresh)
  await show(
    runtime,
    logs.map(({ log }) => log),
  )
  return {
    ...done,
    added: fresh.length,
    grown: logs.length - fresh.length,
    interrupted,
    differing: diff.logs.filter(({ verdict }) => verdict === 'differs').length,
    refused: diff.refused.count,
  }
}

/** Refused lines, as they are put aside. */
const asEntries = ({ clock, page }: Runtime, { refused }: ArchiveDiff): readonly QuarantineEntry[] => {
  const at = clock.now()
  return refused.first.map(({ line, reason, raw }) => {
    const id = `${at}:${String(line).padStart(9, '0')}:${page}`
    return { id, stream: ARCHIVE_STREAM, position: line, reason, raw, at }
  })
}
