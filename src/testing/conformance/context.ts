/**
 * Owns what the parts of the conformance suite share: a fresh ledger per test, comparison byte for byte,
 * and everything a ledger shows about a batch.
 */
import type { LogId } from '../../core/ids.ts'
import type { Ledger, LedgerBatch } from '../../ledger/port.ts'
import { LedgerError } from '../../ledger/port.ts'

export const ALL = Number.MAX_SAFE_INTEGER

export interface ConformanceSetup {
  ledger: Ledger
  /** Opens the same storage once more; an open ledger stays usable beside it. */
  reopen(): Promise<Ledger>
  cleanup(): Promise<void>
}

/** The functions of any test runner that has them under these names. */
export interface TestApi {
  describe(name: string, body: () => void): unknown
  it(name: string, body: () => Promise<void>): unknown
  expect(actual: unknown): { toBe(expected: unknown): unknown; toEqual(expected: unknown): unknown }
}

export interface Conformance extends TestApi {
  /** A test with a ledger of its own. */
  law(name: string, body: (setup: ConformanceSetup) => Promise<void>): void
  /** Equal as JSON, to the byte. */
  same(actual: unknown, expected: unknown): void
}

export function conformance(make: () => Promise<ConformanceSetup>, api: TestApi): Conformance {
  return {
    describe: api.describe,
    it: api.it,
    expect: api.expect,
    law: (name, body) => {
      api.it(name, async () => {
        const setup = await make()
        try {
          await setup.ledger.open()
          await body(setup)
        } finally {
          await setup.cleanup()
        }
      })
    },
    same: (actual, expected) => api.expect(JSON.stringify(actual)).toBe(JSON.stringify(expected)),
  }
}

/** What a promise rejects with. @throws Error when it resolves. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('The promise was expected to reject.')
}

/** How a write was refused, in short. */
export async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await rejection(promise)
  if (!(error instanceof LedgerError)) return `not a LedgerError: ${String(error)}`
  return error.log === null ? error.kind : `${error.kind} ${error.log}`
}

/** All that a ledger shows of what a batch is about. */
export async function contentsOf(ledger: Ledger, batch: LedgerBatch): Promise<unknown> {
  const logs = batch.logs.map((write) => write.log)
  return {
    counts: await ledger.counts(),
    logs: await logsOf(ledger, logs),
    runs: await ledger.listRecords({ entity: 'run', limit: ALL }),
    workflows: await ledger.listRecords({ entity: 'workflow', limit: ALL }),
    blobs: await Promise.all(batch.blobs.map(({ ref }) => ledger.readBlob(ref))),
    cursors: await Promise.all(batch.cursors.map(({ stream }) => ledger.readCursor(stream))),
    commands: (await ledger.listCommands()).toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    quarantine: await ledger.listQuarantine(ALL),
  }
}

/** Records and events of logs, in the order asked for. */
export async function logsOf(ledger: Ledger, logs: readonly LogId[]): Promise<unknown> {
  const records = await ledger.readRecords(logs)
  return Promise.all(
    logs.map(async (log) => ({
      log,
      record: records.get(log) ?? null,
      events: await ledger.readEvents(log, { after: 0, limit: ALL }),
    })),
  )
}
