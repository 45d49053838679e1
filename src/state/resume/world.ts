/**
 * Owns looking up everything a resume plan depends on, as it is on disk: the workflow run, all its children with
 * their results and checkpoints, who still drives them, and the agents there are. Reads only. SPEC R2.
 */
import { decodeCheckpoint } from '../../core/checkpoint.ts'
import type { Json, LogRecord, RunRecord, WorkflowRecord } from '../../core/entities.ts'
import { workflowLog } from '../../core/ids.ts'
import type { Evidence } from '../../core/ports.ts'
import { danglingOf } from '../../core/resume/dangling.ts'
import type { ResumeChild, ResumeWorld } from '../../core/resume/plan.ts'
import { DEFAULT_POLICY } from '../../core/resume/policy.ts'
import type { ResumePolicy } from '../../core/resume/policy.ts'
import type { ListPosition, RecordPage } from '../../ledger/port.ts'
import { gatherEvidence } from '../evidence/ask.ts'
import { readText } from '../reads.ts'
import type { Runtime } from '../runtime.ts'
import { CannotPlanError, definitionOf, readCatalog } from './inputs.ts'

export interface PlanOptions {
  /** What is to be run, when it is not what was recorded. */
  definition?: Json
  input?: Json
  /** What may happen without asking; what is left out is as in `DEFAULT_POLICY`. */
  policy?: Partial<ResumePolicy>
  /** Ids of entries that a person agreed to. */
  agreed?: readonly string[]
}

const WITHHELD = 'Its checkpoint held what looks like a secret, which is not kept.'
const PAGE = 500
/** Children looked into at once: a workflow may have thousands, with blobs of megabytes. */
const AT_ONCE = 8

/** @throws CannotPlanError when the workflow, its definition or the agents there are cannot be read. */
export async function gatherWorld(
  runtime: Runtime,
  workflowRunId: string,
  { definition, input, policy, agreed = [] }: PlanOptions = {},
): Promise<ResumeWorld> {
  await runtime.ingest.settled()
  await runtime.writer.whenWritten()
  const record = await readWorkflow(runtime, workflowRunId)
  const toRun = definitionOf(record, definition)
  const [catalog, records] = await Promise.all([readCatalog(runtime), readChildren(runtime, workflowRunId)])
  const evidence = await gatherEvidence(runtime, [record, ...records])
  const wordOn = ({ log }: LogRecord): Evidence => evidence.get(log) ?? { kind: 'unknown' }
  const children = await eachAtMost(AT_ONCE, records, async (child) =>
    lookInto(runtime, child, wordOn(child)),
  )
  return {
    record,
    evidence: wordOn(record),
    children,
    definition: toRun,
    input: input ?? record.workflow.input,
    agent: (agentId) => catalog.get(agentId) ?? null,
    policy: { ...DEFAULT_POLICY, ...policy },
    agreed,
  }
}

async function readWorkflow({ ledger }: Runtime, id: string): Promise<WorkflowRecord> {
  const log = workflowLog(id)
  const record = (await ledger.readRecords([log])).get(log)
  if (record?.entity !== 'workflow') throw new CannotPlanError(`There is no workflow run ${id} here.`)
  return record
}

/** All of them, however many attempts there were. */
async function readChildren({ ledger }: Runtime, workflow: string): Promise<readonly RunRecord[]> {
  const found: RunRecord[] = []
  let next: ListPosition | null = null
  do {
    const before: { before?: ListPosition } = next === null ? {} : { before: next }
    const page: RecordPage = await ledger.listPage({ entity: 'run', workflow, limit: PAGE, ...before })
    for (const record of page.records) if (record.entity === 'run') found.push(record)
    next = page.next
  } while (next !== null)
  return found
}

async function lookInto(runtime: Runtime, record: RunRecord, evidence: Evidence): Promise<ResumeChild> {
  const [result, checkpoint] = await Promise.all([
    readResult(runtime, record),
    readCheckpoint(runtime, record),
  ])
  return { record, evidence, result, checkpoint, dangling: danglingOf(record) }
}

async function readResult(runtime: Runtime, { run }: RunRecord): Promise<ResumeChild['result']> {
  if (run.result === null) return { kind: 'none' }
  if (run.result.redacted === true) return { kind: 'redacted' }
  const text = await readText(runtime, run.result)
  if (text.kind === 'missing' || text.text.length !== run.result.chars) return { kind: 'missing' }
  try {
    return { kind: 'found', value: JSON.parse(text.text) as Json }
  } catch {
    return { kind: 'missing' }
  }
}

async function readCheckpoint(runtime: Runtime, { run }: RunRecord): Promise<ResumeChild['checkpoint']> {
  if (run.checkpoint === null) return { kind: 'none' }
  if (run.checkpoint.state.redacted === true) return { kind: 'unusable', why: WITHHELD }
  const text = await readText(runtime, run.checkpoint.state)
  if (text.kind === 'missing') return { kind: 'unusable', why: 'Its checkpoint is missing.' }
  const { id, agentId, contentKey } = run
  const decoded = decodeCheckpoint(text.text, { runId: id, agentId, contentKey })
  if (!decoded.ok) return { kind: 'unusable', why: decoded.reason }
  const calls = decoded.state.history.filter(({ kind }) => kind === 'tool' || kind === 'toolFailed')
  return { kind: 'usable', calls: calls.length }
}

/** In order, some at a time. */
async function eachAtMost<Item, Result>(
  limit: number,
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = []
  for (let from = 0; from < items.length; from += limit) {
    results.push(...(await Promise.all(items.slice(from, from + limit).map(work))))
  }
  return results
}
