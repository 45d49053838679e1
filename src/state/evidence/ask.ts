/**
 * Owns asking: what the owners of runs say of them, and which runs kept a checkpoint that can really be used. SPEC C3.
 */
import { decodeCheckpoint } from '../../core/checkpoint.ts'
import type { LogRecord, RunRecord } from '../../core/entities.ts'
import type { LogId } from '../../core/ids.ts'
import type { Evidence, RunQuery } from '../../core/ports.ts'
import type { ListPosition, RecordPage } from '../../ledger/port.ts'
import { readText } from '../reads.ts'
import type { Runtime } from '../runtime.ts'

/** What a record is asked about by. */
export const queryOf = ({ log, bindings }: LogRecord): RunQuery => ({
  log,
  stream: bindings.at(-1)?.stream ?? null,
})

/** Asks every source; one that knows the run decides, one that fails says nothing. */
export const gatherEvidence = (
  runtime: Pick<Runtime, 'sources'>,
  records: readonly LogRecord[],
): Promise<ReadonlyMap<LogId, Evidence>> => ask(runtime, records.map(queryOf))

/** The same about logs of which there may be no record. */
export async function ask(
  { sources }: Pick<Runtime, 'sources'>,
  queries: readonly RunQuery[],
): Promise<ReadonlyMap<LogId, Evidence>> {
  const evidence = new Map<LogId, Evidence>()
  if (queries.length === 0) return evidence
  const answers = await Promise.allSettled(sources.map((source) => source.ask(queries)))
  for (const answer of answers) {
    if (answer.status === 'rejected') continue
    for (const [log, word] of answer.value) {
      const known = evidence.get(log)
      if (known === undefined || rank(word) > rank(known)) evidence.set(log, word)
    }
  }
  return evidence
}

/** Seen alive beats seen dead, and either beats not knowing. */
function rank(evidence: Evidence): number {
  return evidence.kind === 'live' ? 2 : evidence.kind === 'gone' ? 1 : 0
}

/** Logs with a checkpoint that reads back and is theirs. A workflow run has one when a child of it that waits does. */
export async function readCheckpoints(
  runtime: Runtime,
  records: readonly LogRecord[],
): Promise<ReadonlySet<LogId>> {
  const found = await Promise.all(
    // What cannot be read just now is not known to be missing: its run is left as it is.
    records.map(async (record) =>
      (await hasCheckpoint(runtime, record).catch(() => true)) ? record.log : null,
    ),
  )
  return new Set(found.filter((log) => log !== null))
}

async function hasCheckpoint(runtime: Runtime, record: LogRecord): Promise<boolean> {
  if (record.entity === 'run') return hasUsableCheckpoint(runtime, record)
  const { id, status } = record.workflow
  if (status !== 'awaiting_user' && status !== 'paused') return false
  for (const child of await readUnsettled(runtime.ledger, { workflow: id })) {
    if (await hasUsableCheckpoint(runtime, child)) return true
  }
  return false
}

async function hasUsableCheckpoint(runtime: Runtime, { run }: RunRecord): Promise<boolean> {
  if (run.checkpoint === null) return false
  const text = await readText(runtime, run.checkpoint.state)
  if (text.kind === 'missing') return false
  const { id, agentId, contentKey } = run
  return decodeCheckpoint(text.text, { runId: id, agentId, contentKey }).ok
}

const PAGE = 500

/** All runs in flight of a workflow, or started by a run, as the ledger has them. */
export async function readUnsettled(
  ledger: Runtime['ledger'],
  of: { workflow: string } | { parent: string },
): Promise<readonly RunRecord[]> {
  const found: RunRecord[] = []
  let next: ListPosition | null = null
  do {
    const before: { before?: ListPosition } = next === null ? {} : { before: next }
    const page: RecordPage = await ledger.listPage({
      entity: 'run',
      unsettled: true,
      ...of,
      limit: PAGE,
      ...before,
    })
    for (const record of page.records) if (record.entity === 'run') found.push(record)
    next = page.next
  } while (next !== null)
  return found
}
