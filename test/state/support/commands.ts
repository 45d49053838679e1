/**
 * Owns what tests of commands need: runs to send them to, connections that break, and a ledger whose page dies in the
 * middle of a write.
 */
import { vi } from 'vitest'
import { encodeCheckpoint } from '../../../src/core/checkpoint.ts'
import type { SourceStatus } from '../../../src/core/ports.ts'
import type { RunCommand, RunEvent } from '../../../src/index.ts'
import type { LogId } from '../../../src/index.ts'
import type { Ledger } from '../../../src/ledger/port.ts'
import { scriptedSource } from '../../../src/testing/scriptedSource.ts'
import type { ScriptedSource } from '../../../src/testing/scriptedSource.ts'
import { at } from '../../../src/state/table.ts'
import { newScope, openPage, research, script } from './page.ts'
import type { Page, Script } from './page.ts'

export const RUN = 'r:wf1.research.1'
export const WORKFLOW = 'w:wf1'

export async function tellPage(
  events: (lines: Script) => object[],
  { scope = newScope(), ...options }: Parameters<typeof openPage>[1] & { scope?: string } = {},
): Promise<{ page: Page; lines: Script }> {
  const page = openPage(scope, options)
  await page.boot()
  const lines = script()
  page.source.emit(lines.stream, events(lines))
  await page.ledger.whenIdle()
  return { page, lines }
}

/** A researcher that waits for an answer, with a checkpoint to go on from. */
export const waiting = (lines: Script): object[] => [
  ...research(lines),
  lines.event(RUN, 'checkpoint.saved', {
    state: encodeCheckpoint({
      runId: RUN.slice(2),
      agentId: 'researcher',
      contentKey: 'key',
      attempt: 1,
      iteration: 1,
      history: [],
      questionId: 'q1',
    }),
  }),
  lines.event(RUN, 'question.asked', {
    questionId: 'q1',
    prompt: 'EU or US?',
    options: [
      { value: 'eu', label: 'EU' },
      { value: 'us', label: 'US' },
    ],
  }),
  lines.event(RUN, 'run.transitioned', { to: 'awaiting_user', trigger: 'question_asked' }),
]

/** A source whose connection can break. */
export function breakableSource(options: Parameters<typeof scriptedSource>[0] = {}): {
  source: ScriptedSource
  say(state: SourceStatus['state']): void
} {
  const source = scriptedSource(options)
  const { connect } = source
  let tell: (status: SourceStatus) => void = () => {}
  source.connect = (sink) => {
    tell = sink.status
    return connect(sink)
  }
  return { source, say: (state) => tell({ state, error: null }) }
}

export const commandsOf = (page: Page): RunCommand[] => Object.values(page.state().runs.commands)

export function statusOf(page: Page, log: LogId): string | undefined {
  const record = at(page.state().runs.records, log)
  return record?.entity === 'run' ? record.run.status : record?.workflow.status
}

/** What the timeline says of commands. */
export const saidOf = (page: Page, log: LogId): Pick<RunEvent, 'type' | 'stream' | 'payload'>[] =>
  (at(page.state().runs.tails, log) ?? [])
    .filter(({ type }) => type.startsWith('control.'))
    .map(({ type, stream, payload }) => ({ type, stream, payload }))

/** A ledger whose page dies at its `cut`th write once armed: just before it, or just after. */
export function cutLedger(ledger: Ledger, cut: number, isBefore: boolean) {
  const state = { armed: false, writes: 0, isDead: false }
  const never = new Promise<never>(() => {})
  const guard =
    <Arguments extends unknown[], Result>(write: (...args: Arguments) => Promise<Result>) =>
    async (...args: Arguments): Promise<Result> => {
      if (state.armed) state.writes += 1
      if (!state.armed || state.writes < cut) return write(...args)
      if (state.writes === cut && !isBefore) await write(...args)
      state.isDead = true
      return never
    }
  return {
    state,
    ledger: { ...ledger, write: guard(ledger.write), decide: guard(ledger.decide) } satisfies Ledger,
  }
}

export const eventually = (check: () => void | Promise<void>): Promise<void> =>
  vi.waitFor(check, { timeout: 8_000 })
