/** Owns reading back what is on disk of one workflow run, past the page's own state. */
import { workflowLog } from 'run-ledger'
import { lifecycleOf } from '../../../src/core/entities.ts'
import type { LogRecord, RunEvent, Text } from '../../../src/core/entities.ts'
import { systemClock } from '../../../src/platform/browser.ts'
import { indexedDbLedger } from '../../../src/ledger/indexedDb.ts'
import type { Ledger } from '../../../src/ledger/port.ts'
import type { StoredChild, StoredWorkflow } from './protocol.ts'

const ALL = Number.MAX_SAFE_INTEGER

export async function readStored(scope: string, workflowRunId: string): Promise<StoredWorkflow> {
  const ledger = indexedDbLedger({ scope, clock: systemClock })
  try {
    const log = workflowLog(workflowRunId)
    const record = (await ledger.readRecords([log])).get(log)
    const { records } = await ledger.listPage({ entity: 'run', workflow: workflowRunId, limit: 500 })
    const own = record === undefined ? null : lifecycleOf(record)
    const children = await Promise.all(records.map((each) => readChild(ledger, each)))
    return {
      status: own?.status ?? null,
      attempt: own?.attempt ?? 0,
      summary: own?.summary ?? null,
      report: await readText(ledger, own?.output ?? null),
      events: record === undefined ? [] : await eventsOf(ledger, record),
      children: children.flat(),
      commands: await ledger.listCommands(),
    }
  } finally {
    await ledger.close()
  }
}

const eventsOf = (ledger: Ledger, { log }: LogRecord): Promise<readonly RunEvent[]> =>
  ledger.readEvents(log, { after: 0, limit: ALL })

async function readChild(ledger: Ledger, record: LogRecord): Promise<readonly StoredChild[]> {
  if (record.entity !== 'run') return []
  const { id, phase, agentId, status, attempt, result } = record.run
  const [text, events] = await Promise.all([readText(ledger, result), eventsOf(ledger, record)])
  return [{ id, phase, agentId, status, attempt, result: text, events }]
}

/** Null when there is none, or it does not resolve. */
async function readText(ledger: Ledger, text: Text | null): Promise<string | null> {
  if (text === null) return null
  return text.ref === null ? text.preview : ledger.readBlob(text.ref)
}
