/**
 * Owns what the morning after must show: every workflow in one group, from what the page has in memory alone.
 */
import { groupMorning } from '../../src/core/morning.ts'
import type { MorningItem } from '../../src/core/morning.ts'
import { selectMorningRoots } from '../../src/state/selectors/morning.ts'
import { at } from '../../src/state/table.ts'
import type { ResumeWorld, Tab } from './resumeWorld.ts'

export async function morning(world: ResumeWorld, tab: Tab): Promise<readonly string[]> {
  const state = tab.state()
  const items = selectMorningRoots(state).map(({ entry, lifecycle, ownerGone, questions }): MorningItem => ({
    log: entry.log,
    lifecycle,
    ownerGone,
    unconfirmed: at(state.runs.unconfirmed, entry.log) === true,
    questions: questions.map(({ question }) => ({ ...question, answerable: true })),
    resumability: lifecycle.status === 'completed' ? 'no' : 'unknown',
  }))
  const { groups } = groupMorning(items, { leftAt: 0, now: tab.clock.now() })
  const shown = groups.flatMap(({ items: own }) => own.map(({ log }) => log))
  const wrong = shown.filter((log, index) => shown.indexOf(log) !== index).map((log) => `${log} twice`)
  for (const { log, workflow } of await world.workflows()) {
    // What a person stopped where nobody drove it is no news.
    const isToldOf = workflow.status !== 'cancelled' || !workflow.inferred
    if (isToldOf && !shown.includes(log)) wrong.push(`${log} (${workflow.status}) is in no group`)
  }
  return wrong
}
