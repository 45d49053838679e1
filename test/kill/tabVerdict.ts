/** Owns the judgement of tabs when all is quiet: one log a run, as the core told it, in every tab and both copies. */
import { setTimeout as sleep } from 'node:timers/promises'
import { refold } from '../../src/core/accept.ts'
import type { RunCommand } from '../../src/core/commands.ts'
import type { RunEvent } from '../../src/core/entities.ts'
import { isOurStream } from '../../src/core/ids.ts'
import type { LogId } from '../../src/core/ids.ts'
import type { SharedCore } from '../../src/testing/sharedCore.ts'
import type { TabApi } from '../e2e/shared/main.ts'
import type { Tab, Tabs } from './tabGroup.ts'
import { LOGS } from './workload.ts'

/** Time to catch up with the end of the history. */
const QUIET_MS = 12_000
const OUTBOX_MS = 40_000
const LOOK_MS = 100
const FINAL: ReadonlySet<string> = new Set(['applied', 'rejected', 'expired', 'unknown'])
/** Events shown where a log begins to differ. */
const EVIDENCE = 12

/** All zero is what the ledger promises. */
export interface TabVerdict {
  /** Said to be durable by a tab, and gone. */
  lost: number
  /** Told by the core and missing. */
  missing: number
  /** Stored more than once. */
  duplicates: number
  /** Stored in another order, or with another type, than told. */
  misplaced: number
  /** Records of tabs that are not the fold of the stored events. */
  different: number
  /** Tabs connected beyond the one that should be; one when there is none. */
  connections: number
  /** Commands with another number of effects than one, or whose end is not known although the core never failed. */
  commands: number
  /** What a full check of both copies had to repair, or could not. */
  repaired: number
}

export interface TabJudgement {
  verdict: TabVerdict
  /** Events of crashed tabs that were in the first copy only, and have two by now. */
  copied: number
  /** Of each log that is not as told, the place where it begins to differ and what is there. */
  evidence: readonly string[]
}

export async function judgeTabs(tabs: Tabs, core: SharedCore): Promise<TabJudgement> {
  const [judge, ...others] = tabs.running()
  if (judge === undefined) throw new Error('No tab is left.')
  await judge.raw.send('Page.bringToFront')
  await quiet(tabs, core)
  const verdict: TabVerdict = { ...FINE }
  const connected = tabs.running().filter(({ source }) => source === 'connected').length
  verdict.connections = Math.abs(connected - 1)
  const evidence: string[] = []
  for (const log of LOGS) evidence.push(...(await judgeLog(verdict, log, { judge, tabs, core })))
  const states = await settledCommands(judge)
  verdict.commands = wrongCommands(states, core)
  if (verdict.commands > 0) evidence.push(`commands: ${states.join(', ')}; sent: ${core.sent.length}`)
  for (const tab of others) await tabs.close(tab)
  const { repaired, unreadable, restored, copied, lost } = await verify(judge)
  verdict.repaired = repaired + unreadable + restored + lost
  return { verdict, copied, evidence }
}

/**
 * States of all commands on disk: of one whose tab died before it could tell the others, they hear when they take it up,
 * at their next look, half a minute later at most.
 */
async function settledCommands({ raw }: Tab): Promise<readonly string[]> {
  const until = Date.now() + OUTBOX_MS
  for (;;) {
    const states = (await raw.evaluate<RunCommand[]>('window.tab.storedCommands()')).map(({ state }) => state)
    if (states.every((state) => FINAL.has(state)) || Date.now() > until) return states
    await sleep(LOOK_MS)
  }
}

/** Refused as long as a tab that is closing still counts as alive. @throws Error when one does for too long */
async function verify({ raw }: Tab): Promise<Awaited<ReturnType<TabApi['verify']>>> {
  const until = Date.now() + QUIET_MS
  for (;;) {
    try {
      return await raw.evaluate('window.tab.verify()')
    } catch (error) {
      if (Date.now() > until) throw error
    }
    await sleep(LOOK_MS)
  }
}

const FINE: TabVerdict = {
  lost: 0,
  missing: 0,
  duplicates: 0,
  misplaced: 0,
  different: 0,
  connections: 0,
  commands: 0,
  repaired: 0,
}

/** Waits until every tab has the end of every log, or the time for that is over. */
async function quiet(tabs: Tabs, core: SharedCore): Promise<void> {
  const until = Date.now() + QUIET_MS
  const isThere = async ({ raw }: Tab): Promise<boolean> => {
    const heads = await raw.evaluate<(string | null)[]>(`${JSON.stringify(LOGS)}.map(window.tab.record)`)
    return heads.every((record, index) => headOf(record) >= told(core, LOGS[index] ?? 'r:a').length)
  }
  while (Date.now() < until) {
    const there = await Promise.all(tabs.running().map(isThere))
    if (there.every(Boolean)) return
    await sleep(LOOK_MS)
  }
}

const told = ({ history }: SharedCore, log: LogId): SharedCore['history'] =>
  history.filter((event) => event.log === log)

function headOf(record: string | null): number {
  if (record === null) return 0
  const { run, workflow } = JSON.parse(record) as Record<
    'run' | 'workflow',
    { lastSequence: number } | undefined
  >
  return (run ?? workflow)?.lastSequence ?? 0
}

async function judgeLog(
  verdict: TabVerdict,
  log: LogId,
  { judge, tabs, core }: { judge: Tab; tabs: Tabs; core: SharedCore },
): Promise<readonly string[]> {
  const stored = await judge.raw.evaluate<RunEvent[]>(`window.tab.stored('${log}')`)
  const expected = told(core, log)
  const places = new Set(stored.map(({ position }) => position))
  verdict.missing += expected.filter(({ position }) => !places.has(position)).length
  verdict.lost += Math.max(0, (tabs.acknowledged.get(log) ?? 0) - stored.length)
  verdict.duplicates += stored.length - places.size
  // What the ledger itself says of commands stands between what the core told.
  const mirrored = stored.filter(({ stream }) => !isOurStream(stream))
  const misplaced = [
    ...stored.filter(({ sequence }, index) => sequence !== index + 1),
    ...mirrored.filter(({ position, type }, index) => {
      const event = expected[index]
      return position !== event?.position || type !== event.type
    }),
  ]
  verdict.misplaced += misplaced.length
  const folded = JSON.stringify(refold(stored)?.record ?? null)
  for (const { raw } of tabs.running()) {
    const shown = (await raw.evaluate<string | null>(`window.tab.record('${log}')`)) ?? 'null'
    if (shown !== folded) verdict.different += 1
  }
  const [first] = misplaced
  if (first === undefined) return []
  const from = Math.max(0, first.sequence - 3)
  const there = stored
    .slice(from, from + EVIDENCE)
    .map((each) => `${each.stream}/${each.position} ${each.type}`)
  const wanted = expected.slice(from, from + EVIDENCE).map(({ position }) => position)
  return [`${log} from ${from + 1}: ${there.join(', ')}; told: ${wanted.join(', ')}`]
}

/** The core settles each command once, by an event. One for a run that had ended before is not sent: it expired. */
function wrongCommands(states: readonly string[], { history }: SharedCore): number {
  const settled = history.filter(({ type }) => type === 'control.settled')
  const ids = new Set(settled.map(({ payload }) => (payload as { commandId: string }).commandId))
  const count = (state: string): number => states.filter((each) => each === state).length
  const open = states.length - count('applied') - count('expired')
  return settled.length - ids.size + Math.abs(count('applied') - ids.size) + open
}
